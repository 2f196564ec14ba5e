-- One row per (user_key, goods_key): the candidates of all sources, each source cut to its quota, the names of the
-- sources kept, the best-placed first, inactive goods left out. Reads candidate_rows and night_goods.
create or replace temp macro candidate_union(per_source, per_user) as table (
    with placed as (
        select
            candidate_rows.user_key,
            candidate_rows.goods_key,
            candidate_rows.source,
            night_goods.shop_key,
            row_number() over (
                partition by candidate_rows.source, candidate_rows.user_key
                order by candidate_rows.strength desc, candidate_rows.goods_key asc
            ) as place
        from candidate_rows
        inner join night_goods using (goods_key)
        where night_goods.active
        qualify place <= per_source
    ),

    merged as (
        select
            user_key,
            goods_key,
            shop_key,
            list(source order by source) as sources,
            min(place) as best_place
        from placed
        group by all
    )

    select
        user_key,
        goods_key,
        shop_key,
        sources
    from merged
    qualify
        row_number() over (
            partition by user_key
            order by best_place asc, len(sources) desc, goods_key asc
        ) <= per_user
    order by
        user_key,
        goods_key
);
