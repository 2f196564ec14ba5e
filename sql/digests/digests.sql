-- One row per (night, relation): how many rows people may see, and a digest of them that no order changes. Reads
-- named_rankings and named_why, of the record or of a release.
with ranked as (
    select
        ds,
        hash(user_id, rank, goods_id, shop_id, score, sources, model_id, run_id)::hugeint as row_hash
    from named_rankings
),

explained as (
    select
        ds,
        hash(user_id, goods_id, part, history_id::varchar, event_ts, weight, share)::hugeint as row_hash
    from named_why
)

select
    ds,
    'rankings' as relation,
    count(*) as rows,
    sum(row_hash) as digest
from ranked
group by ds
union all
select
    ds,
    'why' as relation,
    count(*) as rows,
    sum(row_hash) as digest
from explained
group by ds
order by
    ds,
    relation
