-- One row per day of outcomes whose night before has no ranking by the model they name.
-- promise: outcomes are of rankings that are kept
select distinct
    outcomes.ds || ': outcomes of a ranking by ' || outcomes.model_id || ', which is not there' as what,
    'restore a copy of warehouse.duckdb' as remedy
from serving.outcomes as outcomes
anti join serving.rankings as rankings
    on
        rankings.ds = outcomes.ds - 1
        and outcomes.model_id = rankings.model_id
order by what
