-- stop: one row per published night whose rows are not the ones that were ranked.
select
    nights.ds,
    nights.rows as ranked,
    count(rankings.ds) as published
from nights
left join rankings using (ds)
where
    nights.ds >= (select min(first_night.ds) from rankings as first_night)
    and nights.status not in ('FAILED_KEPT_YESTERDAY', 'ROLLED_BACK')
group by
    nights.ds,
    nights.rows
having count(rankings.ds) <> nights.rows
