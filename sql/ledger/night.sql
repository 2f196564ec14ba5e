-- One row where the night is ranked: how many users and rows.
select
    users,
    rows
from ops.nights
where ds = $ds
