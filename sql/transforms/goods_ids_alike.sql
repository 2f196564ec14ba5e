-- One row where texts of night_goods_ids are the same number: some of them.
select list(distinct goods_id::varchar order by goods_id::varchar)[:3] as alike
from night_goods_ids
where try_cast(goods_id::varchar as double) is not null
group by try_cast(goods_id::varchar as double)
having count(distinct goods_id::varchar) > 1
order by alike
limit 1
