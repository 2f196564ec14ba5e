-- One row per day whose rows this read replaces.
create or replace temp table days_taken as
select unnest($days::date[]) as read_ds
