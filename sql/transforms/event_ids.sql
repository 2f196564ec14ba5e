-- Macros that bring an event id to the form in which the store keeps it (features/ingest/columns/event_ids.py).

-- A whole number without the `.0` of a float; any other text as it is.
create or replace temp macro whole_text(id_text) as
if(regexp_full_match(id_text, '-?\d+\.0+'), split_part(id_text, '.', 1), id_text);

-- The text of a float: a whole number as an integer, where it has not lost digits.
create or replace temp macro float_text(given_float) as
case
    when isnan(given_float::double) then null
    when given_float::double = trunc(given_float::double) and abs(given_float::double) < 9007199254740992
        then given_float::bigint::varchar
    else given_float::varchar
end;

-- The text that earlier versions gave a float, of an integer or a text.
create or replace temp macro as_float_text(id_text) as
if(abs(try_cast(id_text as double)) < 9007199254740992, try_cast(id_text as double)::varchar, id_text);

-- The text of a BLOB: what it says in UTF-8, else its bytes.
create or replace temp macro blob_text(given_blob) as coalesce(try(decode(given_blob)), given_blob::varchar);

-- The ways in which texts write a UUID, of its text in small letters.
create or replace temp macro in_braces(plain_uuid) as '{' || plain_uuid || '}';
create or replace temp macro in_capital_braces(plain_uuid) as '{' || upper(plain_uuid) || '}';
create or replace temp macro digits_of_uuid(plain_uuid) as replace(plain_uuid, '-', '');
create or replace temp macro capital_digits_of_uuid(plain_uuid) as upper(replace(plain_uuid, '-', ''));

-- A UUID in small letters; any other text as it is.
create or replace temp macro lower_uuid(id_text) as coalesce(try_cast(id_text as uuid)::varchar, id_text);

-- The place of an integer of 64 bits in the order of integers, NULL for any other text.
create or replace temp macro event_number(id_text) as
case
    when try_cast(id_text as bigint)::varchar = id_text
        then (try_cast(id_text as bigint)::hugeint + 9223372036854775808)::ubigint
end;
