-- One row: the first night that a model may rank, which is the day of the first champion; NULL where there is none.
select min(ds) as ds
from ops.models
where champion
