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
where nights.ds in (select distinct rankings.ds from rankings); -- distinct: the join meets some nights, not every row

-- DuckDB resolves the tables of a macro in the database in use, not in the macro's own. Each macro therefore compares its
-- release with that of the tables it finds, and stops where they differ; where the database in use has none, DuckDB's
-- own error names this table. features/publish/release.py puts the id of the release in the place of 'this release'.
create table use_this_database_first as
select 'this release' as release_id;

-- `case` and no `if` in what the file keeps: DuckDB 2.0.1 writes `if` into a macro as a function, which 1.5.6 does not have.
create macro is_of_another_database(wanted, found) as case
    when wanted = found then false
    else error(
        'this macro reads the database in use, which is not its own; type use and the name you attached its own as, '
        || 'such as: use nr'
    )::boolean
end;

-- Ids are compared as text, so that 7 is '7' and never '007'. A UUID is the same id in capitals, in braces and without
-- hyphens; where two such ids are in the release, the one written like the question is meant.
create macro uuid_text(wanted) as try_cast(wanted::varchar as uuid)::varchar;

create macro ranking_for(who) as table (
    select null::date as ds -- noqa: AM07
    from use_this_database_first
    where is_of_another_database('this release', release_id)
    union all by name
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
    where
        latest_rankings.user_id::varchar in (
            who::varchar,
            uuid_text(who),
            upper(uuid_text(who)),
            '{' || uuid_text(who) || '}',
            '{' || upper(uuid_text(who)) || '}',
            replace(uuid_text(who), '-', ''),
            upper(replace(uuid_text(who), '-', ''))
        )
    qualify
        dense_rank() over (
            order by
                latest_rankings.user_id::varchar <> who::varchar asc,
                latest_rankings.user_id asc
        ) = 1
    order by rank
);

create macro ranking_at(who, night) as table (
    select null::date as ds -- noqa: AM07
    from use_this_database_first
    where is_of_another_database('this release', release_id)
    union all by name
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
        rankings.user_id::varchar in (
            who::varchar,
            uuid_text(who),
            upper(uuid_text(who)),
            '{' || uuid_text(who) || '}',
            '{' || upper(uuid_text(who)) || '}',
            replace(uuid_text(who), '-', ''),
            upper(replace(uuid_text(who), '-', ''))
        )
        and rankings.ds = night
    qualify dense_rank() over (order by rankings.user_id::varchar <> who::varchar asc, rankings.user_id asc) = 1
    order by rank
);

create macro why_for(who, what) as table (
    select null::date as ds -- noqa: AM07
    from use_this_database_first
    where is_of_another_database('this release', release_id)
    union all by name
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
        -- history_id is text where shop ids are; `part = 'goods' and ...` here would compare every row with every goods
        on case when why.part = 'goods' then why.history_id::varchar end = goods.goods_id::varchar
    where
        why.user_id::varchar in (
            who::varchar,
            uuid_text(who),
            upper(uuid_text(who)),
            '{' || uuid_text(who) || '}',
            '{' || upper(uuid_text(who)) || '}',
            replace(uuid_text(who), '-', ''),
            upper(replace(uuid_text(who), '-', ''))
        )
        and why.goods_id::varchar in (
            what::varchar,
            uuid_text(what),
            upper(uuid_text(what)),
            '{' || uuid_text(what) || '}',
            '{' || upper(uuid_text(what)) || '}',
            replace(uuid_text(what), '-', ''),
            upper(replace(uuid_text(what), '-', ''))
        )
        and why.ds = (select max(newest.ds) from rankings as newest)
    qualify
        dense_rank() over (
            order by
                why.user_id::varchar <> who::varchar asc,
                why.user_id asc,
                why.goods_id::varchar <> what::varchar asc,
                why.goods_id asc
        ) = 1
    order by
        part asc,
        weight desc,
        history_id asc
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
    ),

    moved as (
        select null as user_id
        from use_this_database_first
        where is_of_another_database('this release', release_id)
        union all by name
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
    )

    select moved.*
    from moved
    order by
        abs(moved.places_up) desc nulls last,
        moved.user_id asc,
        moved.goods_id asc
);

create macro coverage_by_day() as table (
    select null::date as ds -- noqa: AM07
    from use_this_database_first
    where is_of_another_database('this release', release_id)
    union all by name
    select
        rankings.ds,
        count(distinct rankings.user_id) as users,
        count(distinct rankings.goods_id) as goods,
        count(distinct rankings.shop_id) as shops,
        count(distinct rankings.goods_id) / (select count(*) from goods) as goods_share
    from rankings
    group by rankings.ds
    order by ds
);
