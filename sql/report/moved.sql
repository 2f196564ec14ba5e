-- One row: how the rankings of $ds differ from those of $before_ds, over users who have both.
with earlier as (
    select
        user_id,
        goods_id,
        rank
    from rankings
    where ds = $before_ds
),

later as (
    select
        user_id,
        goods_id,
        rank
    from rankings
    where ds = $ds
),

both_nights as (
    select distinct user_id
    from earlier
    where user_id in (select later.user_id from later)
),

compared as (
    select
        earlier.rank as rank_before,
        later.rank as rank_after
    from earlier
    full outer join later using (user_id, goods_id)
    where user_id in (select both_nights.user_id from both_nights)
)

select
    (select count(*) from both_nights) as users,
    count(*) filter (where rank_after is not null) as rows,
    count(*) filter (where rank_before is null) as came,
    count(*) filter (where rank_before <> rank_after) as moved,
    count(*) filter (where rank_before = 1 and rank_after = 1) as same_first,
    median(abs(rank_before - rank_after)) filter (where rank_before <> rank_after) as median_places
from compared
