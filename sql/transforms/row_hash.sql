-- 64 bits that stand for a row of a source of events. The sum over the rows of a day does not depend on their order. DuckDB
-- may change hash() between versions, so the version is part of what a sum is compared with.
create or replace temp macro row_hash(
    of_user, of_goods, of_shop, of_type, of_time, of_event, of_number, of_known, of_weight, of_cat
) as
hash(of_user, of_goods, of_shop, of_type, of_time, of_event, of_number, of_known, of_weight, of_cat);
