-- Keeps a ruler, once.
insert or ignore into ops.rulers by name
select
    $ruler as ruler,
    $kept as kept
