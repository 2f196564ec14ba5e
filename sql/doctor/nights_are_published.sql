-- One row per night that was ranked, and whose run was killed before it was published.
-- promise: every night that was ranked was published, stopped by a check, or rolled back
select
    ds || ': ranked by ' || run_id || ', which was killed or failed before it was published' as what,
    'nightrank backfill ' || ds || ' ' || ds || ' --mode failed' as remedy
from ops.nights
where status not in ('OK', 'OK_WITH_WARNINGS', 'FAILED_KEPT_YESTERDAY', 'ROLLED_BACK')
order by ds
