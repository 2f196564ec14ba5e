-- One row: how many goods were ranked for these users that are no candidates of theirs. Reads night_rankings and
-- candidates_again.
with own as (
    select distinct user_key
    from candidates_again
)

select count(*) as others
from night_rankings
semi join own using (user_key)
anti join candidates_again using (user_key, goods_key)
