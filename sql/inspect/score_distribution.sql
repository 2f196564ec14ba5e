-- How are the scores spread tonight, beside yesterday? One row per tenth from 0 to 1 that has any.
select
    least(floor(rankings.score * 10), 9) / 10 as score_from,
    count(*) filter (where ranked_nights.nights_back = 2) as rows_yesterday,
    count(*) filter (where ranked_nights.nights_back = 1) as rows_tonight
from rankings
inner join ranked_nights using (ds)
where ranked_nights.nights_back <= 2
group by score_from
order by score_from
