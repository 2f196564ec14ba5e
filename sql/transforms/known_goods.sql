-- One row per goods known at a moment (goods_known_at). Reads histories.
create or replace temp table known_goods as
from goods_known_at($as_of, $popular_days);
