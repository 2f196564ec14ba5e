-- Remembers the time zone that days are cut by, once.
insert or ignore into ops.rulers by name
select
    'timezone' as ruler,
    $timezone as kept
