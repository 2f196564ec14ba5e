-- What people took on a day, and what the night before had ranked: the temporary tables that outcomes are measured on.
-- Reads day_events, known_goods (as of the night before), and serving.rankings of $before.

create or replace temp table night_before as
select $before::date as ds;

create or replace temp view night_rankings as
select
    rankings.user_key,
    rankings.goods_key,
    rankings.rank,
    rankings.score,
    rankings.sources
from serving.rankings as rankings
inner join night_before using (ds);

-- One row per (user_key, goods_key) that a user took: `ranked` where the user had a ranking.
create or replace temp table wanted as
select
    positives.user_key,
    positives.goods_key,
    positives.user_key in (select night_rankings.user_key from night_rankings) as ranked
from positives_in($day_start, $day_end, $types) as positives;

-- One row per (ranker, user_key, goods_key) that was taken and stands in the ranker's order: a hit.
create or replace temp table hits as
select
    'model' as ranker,
    night_rankings.user_key,
    night_rankings.goods_key,
    night_rankings.rank,
    night_rankings.sources
from night_rankings
inner join wanted using (user_key, goods_key);

-- One row per ranker that is measured.
create or replace temp table rankers as
select 'model' as ranker;

-- One row per (kind, segment, user_key) of the users who were ranked and took something.
create or replace temp table segments (
    kind varchar,
    segment varchar,
    user_key integer
);
