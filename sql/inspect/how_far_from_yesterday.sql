-- How far is each night from the one before it: which goods stayed, and how far did the scores move? One row per ds.
select
    ds,
    users,
    overlap,
    psi,
    psi_limit,
    model_id <> model_before as other_model
from drift
order by ds desc
