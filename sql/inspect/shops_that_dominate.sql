-- Which shops take the first ten ranks tonight? One row per shop.
select
    shop_id,
    count(*) as rows_in_top_10,
    count(*) / sum(count(*)) over () as share
from latest_rankings
where rank <= 10
group by shop_id
order by
    rows_in_top_10 desc,
    shop_id asc
limit 20
