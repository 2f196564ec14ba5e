-- One row: the newest night that a release calls published, and the newest that it has rankings of.
select
    max(ds) filter (where status in ('OK', 'OK_WITH_WARNINGS')) as published_ds,
    (select max(rankings.ds) from rankings) as ranked_ds
from nights
