-- One row per published night, the newest first.
select distinct ds
from rankings
order by ds desc
