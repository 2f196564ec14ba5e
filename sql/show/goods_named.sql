-- One row where the store has the goods: its id, with the type ids have here.
select distinct goods_id
from goods
where goods_id::varchar = $text
