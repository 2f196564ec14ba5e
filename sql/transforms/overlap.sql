-- Adds the overlap of each user of a bucket who is ranked in both nights: goods in both over goods in either. Reads
-- compared.
insert into overlap_of_user by name
with goods_of_user as (
    select
        user_key,
        goods_key,
        bool_or(tonight) as tonight,
        bool_or(not tonight) as before
    from compared
    where user_key % $buckets = $bucket
    group by
        user_key,
        goods_key
)

select
    user_key,
    count(*) filter (where tonight and before) / count(*) as overlap
from goods_of_user
group by user_key
having
    bool_or(tonight)
    and bool_or(before)
