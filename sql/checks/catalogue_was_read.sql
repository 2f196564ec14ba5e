-- warn: one row per goods catalogue that could not be read again; the night uses what was read before.
-- do: read it by hand with nightrank ingest NAME --as goods, which says what is wrong
select
    asset,
    ds,
    error
from intervals
where
    starts_with(asset, 'goods.')
    and status = 'failed'
