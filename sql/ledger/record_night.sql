-- Records the night as it stands before its release is built: what was ranked, and when its day ended.
insert or replace into ops.nights by name
select
    $ds as ds,
    $as_of as as_of,
    'RANKED' as status,
    count(distinct user_key) as users,
    count(*) as rows,
    $model_id as model_id,
    $run_id as run_id,
    $seconds as seconds,
    [] as checks,
    $unmatched_types::varchar[] as unmatched_types
from serving.rankings
where ds = $ds
