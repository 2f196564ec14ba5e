-- One row where the store has the item: its id, with the type ids have here. $texts mean the same id; where the store has
-- more of them, the earliest counts.
select distinct
    goods_id,
    list_position($texts::varchar[], goods_id::varchar) as place
from goods
where list_contains($texts::varchar[], goods_id::varchar)
order by place
limit 1
