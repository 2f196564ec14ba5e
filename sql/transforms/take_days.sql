-- Leaves only the rows of these days in day_events and day_counts; rows without a day count under 1970-01-01.
delete from day_events
where not list_contains($days, coalesce(read_ds, date '1970-01-01'));

delete from day_counts
where not list_contains($days, ds)
