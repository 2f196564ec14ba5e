-- One row per way of writing UUIDs in which the store holds every given one that it knows. Reads given_uuids and
-- known_uuids.
with shared as (
    select distinct uuid::varchar as plain
    from given_uuids
    semi join known_uuids using (uuid)
),

written as (
    select
        unnest(['lower', 'upper', 'braces', 'upper braces', 'digits', 'upper digits']) as form,
        unnest([
            plain,
            upper(plain),
            '{' || plain || '}',
            upper('{' || plain || '}'),
            replace(plain, '-', ''),
            upper(replace(plain, '-', ''))
        ]) as id
    from shared
)

select written.form
from written
left join known_uuids on written.id = known_uuids.id
group by written.form
having count(*) = count(known_uuids.id)
