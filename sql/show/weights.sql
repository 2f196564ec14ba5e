-- One row per (part, history_id): what carried the weight of a ranked goods tonight, the strongest first.
select found.*
from why_for($who, $what) as found
order by
    found.part asc,
    abs(found.weight) desc,
    found.history_id asc
