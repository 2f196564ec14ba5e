-- One row per k: the ranking of the night before, held against the goods people then touched. Reads histories,
-- night_rankings (the ranking of the night before) and known_goods (as of then). Only users who were ranked and then
-- touched something known count. Sums of fractions have an order, so that they end in the same bits every time. Coverage is the share of the known goods that stand in anybody's top k.
create or replace temp macro outcomes_at(cutoffs, day_start, day_end, types) as table (
    with positives as (
        select
            user_key,
            goods_key,
            count(*) over (partition by user_key) as wanted
        from positives_in(day_start, day_end, types)
        where user_key in (select night_rankings.user_key from night_rankings)
    ),

    cutoff as (
        select unnest(cutoffs) as k
    ),

    hits as (
        select
            cutoff.k,
            positives.user_key,
            any_value(positives.wanted) as wanted,
            count(night_rankings.rank) as found,
            coalesce(sum(1 / log2(night_rankings.rank + 1) order by night_rankings.rank), 0) as dcg,
            coalesce(1 / min(night_rankings.rank), 0) as reciprocal_rank
        from cutoff
        cross join positives
        left join night_rankings
            on
                positives.user_key = night_rankings.user_key
                and positives.goods_key = night_rankings.goods_key
                and cutoff.k >= night_rankings.rank
        group by
            cutoff.k,
            positives.user_key
    ),

    by_user as (
        select
            k,
            user_key,
            found > 0 as hit,
            found / wanted as recall,
            dcg / list_sum(list_transform(range(1, least(wanted, k) + 1), lambda place: 1 / log2(place + 1))) as ndcg,
            reciprocal_rank
        from hits
    ),

    quality as (
        select
            k,
            count(*) as users,
            avg(hit::integer) as hit_rate,
            avg(ndcg order by user_key) as ndcg,
            avg(recall order by user_key) as recall,
            avg(reciprocal_rank order by user_key) as mrr
        from by_user
        group by k
    ),

    shown as (
        select
            cutoff.k,
            count(distinct night_rankings.goods_key) / (select count(*) from known_goods) as coverage
        from cutoff
        inner join night_rankings on cutoff.k >= night_rankings.rank
        group by cutoff.k
    )

    select
        shown.k,
        coalesce(quality.users, 0) as users,
        quality.hit_rate,
        quality.ndcg,
        quality.recall,
        quality.mrr,
        shown.coverage
    from shown
    left join quality using (k)
    order by shown.k
);
