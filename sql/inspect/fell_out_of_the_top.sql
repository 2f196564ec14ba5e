-- Which goods lost the most first-ten places since yesterday? One row per goods.
with places as (
    select
        rankings.goods_id,
        count(*) filter (where ranked_nights.nights_back = 2) as users_yesterday,
        count(*) filter (where ranked_nights.nights_back = 1) as users_tonight
    from rankings
    inner join ranked_nights using (ds)
    where rankings.rank <= 10
    group by rankings.goods_id
)

select
    places.goods_id,
    goods.name,
    goods.active,
    places.users_yesterday,
    places.users_tonight
from places
left join goods using (goods_id)
where places.users_tonight < places.users_yesterday
order by
    places.users_yesterday - places.users_tonight desc,
    places.goods_id asc
limit 20
