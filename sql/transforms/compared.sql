-- What drift is measured on: the temporary view compared, of the first ranks of the nights $ds and $ds_before, as many as
-- the shorter of the two has; and an empty table for the overlap of each user. Reads serving.rankings.

create or replace temp table compared_nights as
select
    ds,
    ds = $ds as tonight,
    max(rank) as longest
from serving.rankings
where ds in ($ds, $ds_before)
group by ds;

create or replace temp view compared as
with shorter as (
    select min(longest) as k
    from compared_nights
)

select
    compared_nights.tonight,
    rankings.user_key,
    rankings.goods_key,
    rankings.score
from serving.rankings as rankings
inner join compared_nights using (ds)
inner join shorter on rankings.rank <= shorter.k;

create or replace temp table overlap_of_user (
    user_key integer,
    overlap double
);
