-- One row per (user_id, goods_id), the ten that moved most places between $before_ds and $ds, by name.
select
    moved.user_id,
    moved.goods_id,
    goods.name,
    moved.rank_before,
    moved.rank_after,
    moved.places_up,
    moved.score_change
from movers($before_ds, $ds) as moved
left join goods using (goods_id)
where moved.places_up is not null
order by
    abs(moved.places_up) desc,
    moved.user_id asc,
    moved.goods_id asc
limit 10
