-- Views and macros of the published file. A macro's parameter is never named like a column: it would match every row.

create view latest_rankings as
select rankings.*
from rankings
where rankings.ds = (select max(newest.ds) from rankings as newest);

create view ranked_nights as
select
    nights.ds,
    row_number() over (order by nights.ds desc) as nights_back,
    nights.as_of,
    nights.model_id
from nights
where nights.ds in (select rankings.ds from rankings);

create macro ranking_for(who) as table (
    select
        latest_rankings.ds,
        latest_rankings.user_id,
        latest_rankings.rank,
        latest_rankings.goods_id,
        latest_rankings.shop_id,
        latest_rankings.score,
        latest_rankings.sources,
        goods.name
    from latest_rankings
    left join goods using (goods_id)
    where latest_rankings.user_id = who
    order by latest_rankings.rank
);

create macro ranking_at(who, night) as table (
    select
        rankings.ds,
        rankings.user_id,
        rankings.rank,
        rankings.goods_id,
        rankings.shop_id,
        rankings.score,
        rankings.sources,
        goods.name
    from rankings
    left join goods using (goods_id)
    where
        rankings.user_id = who
        and rankings.ds = night
    order by rankings.rank
);

create macro why_for(who, what) as table (
    select
        why.ds,
        why.user_id,
        why.goods_id,
        why.part,
        why.history_id,
        goods.name as history_name,
        why.event_ts,
        why.weight,
        why.share
    from why
    left join goods
        on
            why.part = 'goods'
            and why.history_id::varchar = goods.goods_id::varchar -- history_id is text where shop ids are
    where
        why.user_id = who
        and why.goods_id = what
        and why.ds = (select max(newest.ds) from rankings as newest)
    order by
        why.part asc,
        why.weight desc,
        why.history_id asc
);

create macro movers(night_before, night_after) as table (
    with earlier as (
        select
            user_id,
            goods_id,
            rank,
            score
        from rankings
        where ds = night_before
    ),

    later as (
        select
            user_id,
            goods_id,
            rank,
            score
        from rankings
        where ds = night_after
    )

    select
        coalesce(later.user_id, earlier.user_id) as user_id,
        coalesce(later.goods_id, earlier.goods_id) as goods_id,
        earlier.rank as rank_before,
        later.rank as rank_after,
        earlier.rank - later.rank as places_up,
        later.score - earlier.score as score_change
    from earlier
    full outer join later
        on
            earlier.user_id = later.user_id
            and earlier.goods_id = later.goods_id
    where earlier.rank is distinct from later.rank
    order by
        abs(earlier.rank - later.rank) desc nulls last,
        user_id asc,
        goods_id asc
);

create macro coverage_by_day() as table (
    select
        rankings.ds,
        count(distinct rankings.user_id) as users,
        count(distinct rankings.goods_id) as goods,
        count(distinct rankings.shop_id) as shops,
        count(distinct rankings.goods_id) / (select count(*) from goods) as goods_share
    from rankings
    group by rankings.ds
    order by rankings.ds
);
