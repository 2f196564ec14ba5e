-- One row where nights were ranked and no model of the register is the champion.
-- promise: a champion ranks the nights to come
-- remedy: nightrank train
with champions as (
    select count(*) as models
    from ops.models
    where champion
)

select 'no model is the champion, and ' || count(nights.ds) || ' nights were ranked' as what
from champions
cross join ops.nights as nights
where champions.models = 0
having count(nights.ds) > 0
