-- The texts that mean an id: its own, and of a UUID its small letters and its capitals, plain, in braces and without
-- hyphens. features/store/typed_ids.py has the same of a text that a person typed.
create or replace temp macro texts_of_id(named) as if(
    try_cast(named::varchar as uuid) is null,
    [named::varchar],
    [
        named::varchar,
        try_cast(named::varchar as uuid)::varchar,
        upper(try_cast(named::varchar as uuid)::varchar),
        '{' || try_cast(named::varchar as uuid)::varchar || '}',
        '{' || upper(try_cast(named::varchar as uuid)::varchar) || '}',
        replace(try_cast(named::varchar as uuid)::varchar, '-', ''),
        upper(replace(try_cast(named::varchar as uuid)::varchar, '-', ''))
    ]
);
