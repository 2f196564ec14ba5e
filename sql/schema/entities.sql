-- One row per id ever seen, with the dense key it was given then and keeps: key 0 is the unknown one, never given.
-- The id columns take the type the first source gives them, BIGINT or VARCHAR; hence `where false` from its rows.

create table if not exists entities.users as
select
    user_id,
    0::integer as user_key,
    date '1970-01-01' as first_ds
from source_events
where false;

create table if not exists entities.goods as
select
    goods_id,
    0::integer as goods_key,
    date '1970-01-01' as first_ds
from source_events
where false;

create table if not exists entities.shops as
select
    shop_id,
    0::integer as shop_key,
    date '1970-01-01' as first_ds
from source_events
where false;

create table if not exists entities.catalogue (
    goods_key integer primary key,
    shop_key integer not null,
    cat_id varchar,
    name varchar,
    active boolean not null
);
