-- Names what was ranked by the ids of the source: the temporary views named_rankings and named_why, one row as in
-- serving.rankings and serving.why each.

create or replace temp view named_rankings as
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
left join entities.shops as shops using (shop_key);

-- `union all` takes goods and shops of unlike types together as text, which `case` refuses; where both are integers,
-- history_id stays one.
create or replace temp view named_why as
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
)

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
where explained.part = 'shop';
