-- What every candidate source may read, for one bucket of users: the night, its users, and their histories before its
-- end (night_goods is there too). Reads bucket_histories.

create table night as
select
    $ds as ds,
    $as_of as as_of;

create view night_histories as
select bucket_histories.*
from bucket_histories
inner join night on bucket_histories.event_ts < night.as_of;

create view night_users as
select distinct user_key
from night_histories;

create table candidate_rows (
    source varchar,
    user_key integer,
    goods_key integer,
    strength double
);
