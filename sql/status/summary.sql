-- One row: what a night told whoever is on call: one that failed and is newer than the newest published, or else the one
-- that was tried last. Reads ops.summaries, ops.nights.
select summaries.*
from ops.summaries as summaries
order by
    starts_with(summaries.state, 'FAILED') and summaries.ds > (
        select coalesce(max(nights.ds), date '1970-01-01')
        from ops.nights as nights
        where nights.published_at is not null
    ) desc,
    summaries.told_at desc,
    summaries.ds desc
limit 1
