-- One row per column of ids that are text and of which two are the same number: some of these. Reads entities.
with ids as (
    select
        'user_id' as id_column,
        user_id::varchar as id
    from entities.users
    where typeof(user_id) = 'VARCHAR'
    union all
    select
        'goods_id' as id_column,
        goods_id::varchar as id
    from entities.goods
    where typeof(goods_id) = 'VARCHAR'
),

alike as (
    select
        id_column,
        list(id order by id)[:3] as ids
    from ids
    where try_cast(id as double) is not null
    group by
        id_column,
        try_cast(id as double)
    having count(*) > 1
)

select
    id_column,
    min(ids) as ids
from alike
group by id_column
