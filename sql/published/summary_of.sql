-- Copies what a night told from the attached file `release`, as night_summary.
create or replace temp table night_summary as
select *
from release.summaries
where ds = $ds
