-- Remembers a source, so that a night can read on where it ended.
insert or replace into ops.sources by name
select
    $name as source,
    $kind as kind,
    $query as query,
    $path as path,
    $now as registered_at
