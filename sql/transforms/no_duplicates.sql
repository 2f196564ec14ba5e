-- Nothing repeats: no row of keyed_events is a duplicate, and none of other days is judged again.
create or replace temp table contested_ids (event_id varchar, event_no ubigint);

create or replace temp table losing_rows (place_in_table bigint);
