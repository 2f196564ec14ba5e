-- Says of each rollback that was killed whether it came true: that to the night now published did, before it could say.
update ops.runs
set
    status = case when ds = $ds then 'done' else 'failed' end,
    error = case when ds = $ds then null else 'killed before it changed anything' end,
    finished_at = $now
where
    command = 'rollback'
    and status = 'running'
