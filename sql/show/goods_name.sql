-- One row where the store has the goods: its name.
select name
from goods
where goods_id = $what
