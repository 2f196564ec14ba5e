-- One row per ds up to $ds: how many users, goods and shops were ranked, and which share of all goods that is.
select covered.*
from coverage_by_day() as covered
where covered.ds <= $ds
order by covered.ds
