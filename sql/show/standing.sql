-- One row: how many goods are ranked for a user in a night, and of one goods its rank, score, sources, shop and model,
-- NULL where it is not ranked; its place is its rank, or else behind those that score more than $score.
select
    count(*) as ranked,
    any_value(rank) filter (where goods_id = $what) as rank,
    coalesce(any_value(rank) filter (where goods_id = $what), count(*) filter (where score > $score) + 1) as place,
    any_value(score) filter (where goods_id = $what) as score,
    any_value(sources) filter (where goods_id = $what) as sources,
    any_value(shop_id) filter (where goods_id = $what) as shop_id,
    any_value(model_id) filter (where goods_id = $what) as model_id
from rankings
where
    ds = $night
    and user_id = $who
