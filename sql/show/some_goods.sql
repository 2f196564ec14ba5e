-- One row per goods: three of the store, as examples.
select goods_id
from goods
order by goods_id
limit 3
