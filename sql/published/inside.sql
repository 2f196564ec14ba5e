-- Writes the keys behind the ids into the attached file `release`: rows of the models' tables. Reads recalled_nights and
-- recalled_goods; where no night is to be worked out again, all are empty.
create schema release.inside;

create table release.inside.nights as
select
    ds,
    has_users
from recalled_nights
order by ds;

create table release.inside.goods as
select
    goods_id,
    goods_key
from entities.goods
where exists (select 1 from recalled_nights)
order by goods_id;

create table release.inside.shops as
select
    shop_id,
    shop_key
from entities.shops
where exists (select 1 from recalled_nights)
order by shop_id;

create table release.inside.night_goods as
select
    ds,
    goods_key,
    shop_key,
    category_key
from recalled_goods
order by
    ds,
    goods_key;

create table release.inside.users as
select
    users.user_id,
    users.user_key
from entities.users as users
where
    users.user_key in (
        select rankings.user_key
        from serving.rankings as rankings
        inner join recalled_nights using (ds)
        where recalled_nights.has_users
    )
order by users.user_id;
