-- Keeps what a night told, in place of what it told before. Reads night_summary.
insert or replace into ops.summaries by name
from night_summary
