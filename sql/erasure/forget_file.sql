-- Takes one lake file out of the ledger: it is no longer real.
insert into ops.replaced_files
select path
from ops.files
where path = $path;

delete from ops.files
where path = $path
