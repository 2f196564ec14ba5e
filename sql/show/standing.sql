-- One row: how many goods are ranked for a user in a night, the place behind those that score more than $score, and of one
-- of them its rank, score, sources, shop and model, NULL where it is not ranked.
select
    count(*) as ranked,
    count(*) filter (where score > $score) + 1 as place,
    any_value(rank) filter (where goods_id = $what) as rank,
    any_value(score) filter (where goods_id = $what) as score,
    any_value(sources) filter (where goods_id = $what) as sources,
    any_value(shop_id) filter (where goods_id = $what) as shop_id,
    any_value(model_id) filter (where goods_id = $what) as model_id
from rankings
where
    ds = $night
    and user_id = $who
