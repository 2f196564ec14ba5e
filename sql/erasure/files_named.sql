-- One row per lake file that the ledger names.
select
    asset,
    ds,
    bucket,
    path,
    sha256,
    rows,
    bytes
from ops.files
order by path
