-- One row per night whose rankings the published file holds, the newest first.
select distinct ds
from rankings
order by ds desc
