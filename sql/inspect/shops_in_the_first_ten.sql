-- How many shops stand in a user's first ten? One row per number of shops.
with mixed as (
    select
        user_id,
        count(distinct shop_id) as shops
    from latest_rankings
    where rank <= 10
    group by user_id
)

select
    shops,
    count(*) as users
from mixed
group by shops
order by shops
