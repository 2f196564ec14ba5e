-- 64 bits that stand for one value of one column; their exclusive or stands for a row (Zobrist hashing, 1970), so that
-- the dear part, the hash, is computed once for each id and not once for each event. NULL counts as no bits at all.
create or replace temp macro content_hash(column_name, content) as
md5_number_lower(column_name || chr(31) || content::varchar);
