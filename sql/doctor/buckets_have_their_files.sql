-- One row per (asset, ds) that is built and has not one file for each bucket of users.
-- promise: what is built by bucket has a file for each bucket
select
    asset || ' of ' || ds || ': ' || count(*) || ' files, for the buckets '
    || list(bucket order by bucket)::varchar as what,
    'nightrank backfill ' || ds || ' ' || ds || ' --mode failed' as remedy
from ops.files
where asset in ('histories', 'goods_sequences', 'shop_sequences', 'candidates')
group by
    asset,
    ds
having
    count(*) <> max(bucket) + 1
    or count(distinct bucket) <> count(*)
order by
    ds,
    asset
