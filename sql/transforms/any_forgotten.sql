-- One row: how many people are forgotten.
select count(*) as people
from entities.forgotten
