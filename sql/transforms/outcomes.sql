-- One row per (ranker, kind, segment, k): how much of what people took stood in the first k of a ranker's order. Reads
-- what wanted.sql makes. Only users count who had a ranking and took something known. Of kind 'all' is everybody; of kind
-- 'source' everybody too, and only the hits that the source had proposed. Sums of fractions have an order, so that they
-- end in the same bits every time.
create or replace temp macro outcomes_at(cutoffs) as table (
    with cutoff as (
        select unnest(cutoffs) as k
    ),

    users as (
        select
            user_key,
            count(*) as wanted
        from wanted
        where ranked
        group by user_key
    ),

    hits_of_all as (
        select
            ranker,
            'all' as kind,
            'all' as segment,
            user_key,
            rank
        from hits
    ),

    hits_of_segments as (
        select
            hits.ranker,
            segments.kind,
            segments.segment,
            hits.user_key,
            hits.rank
        from hits
        inner join segments using (user_key)
    ),

    hits_of_sources as (
        select
            ranker,
            'source' as kind,
            unnest(sources) as segment,
            user_key,
            rank
        from hits
    ),

    labelled as (
        from hits_of_all
        union all
        from hits_of_segments
        union all
        from hits_of_sources
    ),

    sources as (
        select unnest(sources) as source
        from night_rankings
        union
        select segment as source
        from hits_of_sources
    ),

    labels as (
        select
            'all' as kind,
            'all' as segment,
            count(*) as users
        from users
        union all
        select
            kind,
            segment,
            count(*) as users
        from segments
        group by
            kind,
            segment
        union all
        select
            'source' as kind,
            source as segment,
            (select count(*) from users) as users
        from sources
    ),

    by_user as (
        select
            labelled.ranker,
            labelled.kind,
            labelled.segment,
            cutoff.k,
            labelled.user_key,
            any_value(users.wanted) as wanted,
            count(*) as found,
            sum(1 / log2(labelled.rank + 1) order by labelled.rank) as gain,
            1 / min(labelled.rank) as reciprocal_rank
        from labelled
        inner join users using (user_key)
        inner join cutoff on labelled.rank <= cutoff.k
        group by
            labelled.ranker,
            labelled.kind,
            labelled.segment,
            cutoff.k,
            labelled.user_key
    ),

    sums as (
        select
            ranker,
            kind,
            segment,
            k,
            count(*) as with_hit,
            sum(found / wanted order by user_key) as recall,
            sum(
                gain / list_sum(list_transform(range(1, least(wanted, k) + 1), lambda place: 1 / log2(place + 1)))
                order by user_key
            ) as ndcg,
            sum(reciprocal_rank order by user_key) as mrr
        from by_user
        group by
            ranker,
            kind,
            segment,
            k
    )

    select
        rankers.ranker,
        labels.kind,
        labels.segment,
        cutoff.k,
        labels.users,
        coalesce(sums.with_hit, 0) / nullif(labels.users, 0) as hit_rate,
        coalesce(sums.ndcg, 0) / nullif(labels.users, 0) as ndcg,
        coalesce(sums.recall, 0) / nullif(labels.users, 0) as recall,
        coalesce(sums.mrr, 0) / nullif(labels.users, 0) as mrr
    from rankers
    cross join labels
    cross join cutoff
    left join sums
        on
            rankers.ranker = sums.ranker
            and labels.kind = sums.kind
            and labels.segment = sums.segment
            and cutoff.k = sums.k
);
