-- What did another model do? One row per night that another model ranked than the night before it.
with changes as (
    select
        ds,
        model_id as model_after,
        lag(model_id) over (order by ds) as model_before,
        lag(ds) over (order by ds) as ds_before
    from ranked_nights
    qualify model_after <> model_before
),

first_ten as (
    select
        ds,
        user_id,
        goods_id,
        score
    from rankings
    where rank <= 10
),

kept as (
    select
        changes.ds,
        count(before.user_id) / count(*) as first_ten_kept,
        avg(after.score) as mean_score_after
    from changes
    inner join first_ten as after using (ds)
    left join first_ten as before
        on
            changes.ds_before = before.ds
            and after.user_id = before.user_id
            and after.goods_id = before.goods_id
    group by changes.ds
),

scored_before as (
    select
        changes.ds,
        avg(first_ten.score) as mean_score_before
    from changes
    inner join first_ten on changes.ds_before = first_ten.ds
    group by changes.ds
)

select
    changes.ds,
    changes.model_before,
    changes.model_after,
    kept.first_ten_kept,
    scored_before.mean_score_before,
    kept.mean_score_after,
    before.ndcg as ndcg_before,
    after.ndcg as ndcg_after
from changes
inner join kept using (ds)
inner join scored_before using (ds)
left join outcomes as before
    on
        before.ds = changes.ds_before + 1
        and before.k = 10
left join outcomes as after
    on
        after.ds = changes.ds + 1
        and after.k = 10
order by changes.ds desc
