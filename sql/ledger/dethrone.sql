-- Makes room for another champion.
update ops.models
set champion = false
where champion
