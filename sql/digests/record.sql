-- One row per (night, relation) of the record: how many rows people may see, and a digest of them that no order changes.
-- An id and a history are named as the published file names them (published/tables.sql).
with ranked as (
    select
        rankings.ds,
        hash(
            users.user_id,
            rankings.rank,
            goods.goods_id,
            shops.shop_id,
            rankings.score,
            rankings.sources,
            rankings.model_id,
            rankings.run_id
        )::hugeint as row_hash
    from serving.rankings as rankings
    inner join entities.users as users using (user_key)
    inner join entities.goods as goods using (goods_key)
    left join entities.shops as shops using (shop_key)
),

explained as (
    select
        why.ds,
        hash(
            users.user_id,
            goods.goods_id,
            why.part,
            case
                when why.part = 'goods' then history_goods.goods_id::varchar
                else history_shops.shop_id::varchar
            end,
            why.event_ts,
            why.weight,
            why.share
        )::hugeint as row_hash
    from serving.why as why
    inner join entities.users as users using (user_key)
    inner join entities.goods as goods using (goods_key)
    left join entities.goods as history_goods on if(why.part = 'goods', why.history_key, null) = history_goods.goods_key
    left join entities.shops as history_shops on if(why.part = 'shop', why.history_key, null) = history_shops.shop_key
)

select
    ds,
    'rankings' as relation,
    count(*) as rows,
    sum(row_hash) as digest
from ranked
group by ds
union all
select
    ds,
    'why' as relation,
    count(*) as rows,
    sum(row_hash) as digest
from explained
group by ds
order by
    ds,
    relation
