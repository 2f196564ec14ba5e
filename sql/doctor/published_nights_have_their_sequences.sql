-- One row per asset and night that the published file shows the sequences of, or the Sunday it builds on, whose files
-- the ledger does not name.
-- promise: the nights whose sequences are published have their files
with shown as (
    select ds
    from ops.nights
    where status in ('OK', 'OK_WITH_WARNINGS')
    qualify ds > max(ds) over () - $sequence_nights
),

first_event as (
    select min(ds) as ds
    from ops.files
    where starts_with(asset, 'events.')
),

wanted as (
    select
        assets.asset,
        shown.ds
    from shown
    cross join (values ('goods_sequences'), ('shop_sequences'), ('candidates'), ('night_goods')) as assets (asset)
    union
    select
        assets.asset,
        shown.ds - dayofweek(shown.ds)::integer as ds
    from shown
    cross join first_event
    cross join (values ('histories'), ('goods_sequences'), ('shop_sequences')) as assets (asset)
    where shown.ds - dayofweek(shown.ds)::integer >= first_event.ds
)

select
    wanted.asset || ' of ' || wanted.ds || ': no file' as what,
    'nightrank backfill ' || wanted.ds || ' ' || wanted.ds || ' --mode '
    || if(intervals.removed_at is null, 'failed', 'removed') as remedy
from wanted
left join ops.intervals as intervals using (asset, ds)
anti join ops.files using (asset, ds)
order by
    wanted.ds,
    wanted.asset
