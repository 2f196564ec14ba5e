-- One row per reason why proposals of a source are no candidates, and one without a reason: those that are. Reads judged.
select
    excluded,
    count(*) as proposals
from judged
group by excluded
