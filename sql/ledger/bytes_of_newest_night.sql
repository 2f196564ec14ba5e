-- One row: how many bytes of the lake the newest night that was ranked has.
select coalesce(sum(files.bytes), 0)::bigint as bytes
from ops.files as files
where files.ds = (select max(nights.ds) from ops.nights as nights)
