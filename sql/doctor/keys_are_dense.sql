-- One row per kind of entity whose keys are not 1, 2, 3, ... each once; the key of a forgotten user is nobody's.
-- promise: keys are dense and unique
-- remedy: restore a copy of warehouse.duckdb
with keys as (
    select
        'user' as kind,
        user_key as given
    from entities.users
    union all
    select
        'user' as kind,
        user_key as given
    from entities.forgotten
    where user_key is not null
    union all
    select
        'goods' as kind,
        goods_key as given
    from entities.goods
    union all
    select
        'shop' as kind,
        shop_key as given
    from entities.shops
    union all
    select
        'event type' as kind,
        type_key as given
    from entities.event_types
    union all
    select
        'category' as kind,
        category_key as given
    from entities.categories
)

select
    kind || ' keys: ' || count(*) || ' are given, ' || count(distinct given) || ' different ones, from ' || min(given)
    || ' to ' || max(given) as what
from keys
group by kind
having
    min(given) <> 1
    or max(given) <> count(*)
    or count(distinct given) <> count(*)
order by kind
