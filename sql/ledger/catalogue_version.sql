-- One row: a number that changes when the goods catalogue does.
select
    count(*) as goods,
    sum(hash(catalogue)) as version
from entities.catalogue
