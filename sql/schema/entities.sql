-- One row per id ever seen, with the dense key it was given then and keeps: key 0 is the unknown one, never given.
-- The id columns take the type the first source gives them, BIGINT or VARCHAR; hence `where false` from its rows.
-- content_hash stands for the id where events without an event_id are told apart (transforms/keyed_events.sql).

create table if not exists entities.users as
select
    user_id,
    0::integer as user_key,
    date '1970-01-01' as first_ds
from day_events
where false;

create table if not exists entities.goods as
select
    goods_id,
    0::integer as goods_key,
    date '1970-01-01' as first_ds,
    0::ubigint as content_hash
from day_events
where false;

create table if not exists entities.shops as
select
    shop_id,
    0::integer as shop_key,
    date '1970-01-01' as first_ds,
    0::ubigint as content_hash
from day_events
where false;

create table if not exists entities.event_types (
    event_type varchar not null,
    type_key smallint not null,
    first_ds date,
    content_hash ubigint not null
);
