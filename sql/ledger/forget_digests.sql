-- Forgets what a source gave, so that its next read takes every day for changed.
update ops.days_given
set digest = null
where asset = $asset
