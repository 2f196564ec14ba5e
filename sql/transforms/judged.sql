-- One row per (user_key, goods_key) that a source proposes: the strongest of its strengths, and why it is no candidate,
-- NULL where it is one. Reads proposed and what transforms/night makes, blocked_goods and blocked_pairs.
create or replace temp table judged as
with strongest as (
    select
        try_cast(user_key as integer) as user_key,
        try_cast(goods_key as integer) as goods_key,
        max(strength::double) filter (where isfinite(strength::double)) as strength
    from proposed
    group by
        try_cast(user_key as integer),
        try_cast(goods_key as integer)
)

select
    strongest.user_key,
    strongest.goods_key,
    strongest.strength,
    case
        when night_users.user_key is null or night_goods.goods_key is null then 'unknown'
        when strongest.strength is null then 'without_strength'
        when not night_goods.active then 'inactive'
        when blocked_goods.goods_key is not null or blocked_pairs.goods_key is not null then 'blocked'
        when bought_lately.goods_key is not null then 'bought_lately'
    end as excluded
from strongest
left join night_users using (user_key)
left join night_goods using (goods_key)
left join bought_lately
    on
        strongest.user_key = bought_lately.user_key
        and strongest.goods_key = bought_lately.goods_key
left join blocked_goods using (goods_key)
left join blocked_pairs
    on
        strongest.user_key = blocked_pairs.user_key
        and strongest.goods_key = blocked_pairs.goods_key;

-- Points fall with the place among the candidates that a source has for a user, and a source with twice the quota gives
-- twice as many (reciprocal rank fusion: Cormack, Clarke and Buettcher, 2009). They are whole, so that their sum is the
-- same in any order.
insert into candidate_rows
with placed as (
    select
        user_key,
        goods_key,
        row_number() over (partition by user_key order by strength desc, goods_key asc) as place
    from judged
    where excluded is null
)

select
    $source as source,
    user_key,
    goods_key,
    $quota::bigint * 1000000000 // (60 + place) as points
from placed
where place <= $quota;
