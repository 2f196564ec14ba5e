-- Adds what was taken of a ranker's order to the hits. Reads ranked_again, the order, and wanted.
insert into hits by name
select
    $ranker as ranker,
    ranked_again.user_key,
    ranked_again.goods_key,
    ranked_again.rank,
    ranked_again.sources
from ranked_again
inner join wanted using (user_key, goods_key)
