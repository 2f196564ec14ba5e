-- One row per way of writing UUIDs in which the store holds every given one that it knows. Reads given_uuids and
-- known_uuids.
with written as (
    select
        unnest(
            [
                {'form': 'lower', 'id': uuid::varchar},
                {'form': 'upper', 'id': upper(uuid::varchar)},
                {'form': 'braces', 'id': '{' || uuid::varchar || '}'},
                {'form': 'upper braces', 'id': upper('{' || uuid::varchar || '}')},
                {'form': 'digits', 'id': replace(uuid::varchar, '-', '')},
                {'form': 'upper digits', 'id': upper(replace(uuid::varchar, '-', ''))}
            ],
            recursive := true
        )
    from (select distinct uuid from given_uuids semi join known_uuids using (uuid)) as shared
)

select written.form
from written
left join known_uuids using (id)
group by written.form
having count(*) = count(known_uuids.id)
