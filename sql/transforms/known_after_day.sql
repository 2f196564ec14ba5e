-- Moves known_at of day_events from the last microsecond of a day to its end, where the source gives it as a date: such a
-- row is read under its own day, and is not known before that day is over.
update day_events
set known_at = known_at + to_microseconds(1)
where isfinite(known_at)
