-- One row per shop, the ten that take most of the first ten ranks of $ds.
select
    shop_id,
    count(*) as rows_in_top_10,
    count(*) / sum(count(*)) over () as share
from rankings
where
    ds = $ds
    and rank <= 10
group by shop_id
order by
    rows_in_top_10 desc,
    shop_id asc
limit 10
