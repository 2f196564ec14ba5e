-- Adds the rankings of the night $ds and their why to the attached file `release`, keys turned back into the ids of the
-- source.

insert into release.rankings by name
select
    rankings.ds,
    users.user_id,
    rankings.rank,
    goods.goods_id,
    shops.shop_id,
    rankings.score,
    rankings.sources,
    rankings.model_id,
    rankings.run_id
from serving.rankings as rankings
inner join entities.users as users using (user_key)
inner join entities.goods as goods using (goods_key)
left join entities.shops as shops using (shop_key)
where rankings.ds = $ds
order by
    users.user_id,
    rankings.rank;

insert into release.why by name
with explained as (
    select
        why.ds,
        users.user_id,
        goods.goods_id,
        why.part,
        why.history_key,
        why.event_ts,
        why.weight,
        why.share
    from serving.why as why
    inner join entities.users as users using (user_key)
    inner join entities.goods as goods using (goods_key)
    where why.ds = $ds
),

named as (
    select
        explained.ds,
        explained.user_id,
        explained.goods_id,
        explained.part,
        history.goods_id as history_id,
        explained.event_ts,
        explained.weight,
        explained.share
    from explained
    left join entities.goods as history on explained.history_key = history.goods_key
    where explained.part = 'goods'
    union all
    select
        explained.ds,
        explained.user_id,
        explained.goods_id,
        explained.part,
        history.shop_id as history_id,
        explained.event_ts,
        explained.weight,
        explained.share
    from explained
    left join entities.shops as history on explained.history_key = history.shop_key
    where explained.part = 'shop'
)

select
    ds,
    user_id,
    goods_id,
    part,
    history_id,
    event_ts,
    weight,
    share
from named
order by
    user_id asc,
    goods_id asc,
    part asc,
    weight desc,
    history_id asc;
