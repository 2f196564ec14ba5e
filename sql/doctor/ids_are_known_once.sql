-- One row per id that has more than one key.
-- promise: every id has one key
-- remedy: restore a copy of warehouse.duckdb
with ids as (
    select
        'user' as kind,
        user_id::varchar as id
    from entities.users
    union all
    select
        'goods' as kind,
        goods_id::varchar as id
    from entities.goods
    union all
    select
        'shop' as kind,
        shop_id::varchar as id
    from entities.shops
    union all
    select
        'event type' as kind,
        event_type as id
    from entities.event_types
)

select kind || ' ' || coalesce(id, 'NULL') || ' has ' || count(*) || ' keys' as what
from ids
group by
    kind,
    id
having
    count(*) > 1
    or id is null
order by
    kind,
    id
