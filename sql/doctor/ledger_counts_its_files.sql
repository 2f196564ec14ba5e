-- One row per (asset, ds) of a derived asset that the ledger calls built, and whose files hold other rows than it says.
-- promise: the ledger and the files that it names agree on what is built
with held as (
    select
        asset,
        ds,
        sum(rows) as rows
    from ops.files
    group by
        asset,
        ds
)

select
    intervals.asset || ' of ' || intervals.ds || ': ' || coalesce(intervals.rows::varchar, 'no')
    || ' rows were built, its files hold ' || coalesce(held.rows::varchar, 'none') as what,
    'nightrank backfill ' || intervals.ds || ' ' || intervals.ds || ' --mode failed' as remedy
from ops.intervals as intervals
left join held using (asset, ds)
where
    intervals.asset in (
        'histories',
        'goods_sequences',
        'shop_sequences',
        'night_goods',
        'night_pairs',
        'candidates',
        'examples'
    )
    and intervals.status = 'done'
    and intervals.removed_at is null
    and intervals.rows is distinct from held.rows
order by
    intervals.ds,
    intervals.asset
