-- One row where the night was held against one before it: how far it is from it.
select
    ds_before,
    overlap,
    psi,
    psi_limit
from serving.drift
where ds = $ds
