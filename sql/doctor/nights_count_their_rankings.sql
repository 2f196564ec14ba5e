-- One row per night whose rankings are not as many as the record of the night, or the ledger, says.
-- promise: every night has the rankings that the record says
with held as (
    select
        ds,
        count(*) as rows,
        count(distinct user_key) as users
    from serving.rankings
    group by ds
)

select
    nights.ds || ': ' || nights.users || ' users and ' || nights.rows || ' rows were ranked, '
    || coalesce(held.users, 0) || ' and ' || coalesce(held.rows, 0) || ' are there' as what,
    'nightrank backfill ' || nights.ds || ' ' || nights.ds || ' --mode failed --reason WHY' as remedy
from ops.nights as nights
left join held using (ds)
left join ops.intervals as intervals
    on
        nights.ds = intervals.ds
        and intervals.asset = 'rankings'
where
    nights.status <> 'RANKED'
    and (
        nights.rows <> coalesce(held.rows, 0)
        or nights.users <> coalesce(held.users, 0)
        or (intervals.status = 'done' and intervals.rows <> coalesce(held.rows, 0))
    )
order by nights.ds
