-- Who was ranked yesterday and is not tonight? One row per user.
select
    rankings.user_id,
    count(*) as goods_yesterday,
    max(rankings.score) as best_score
from rankings
inner join ranked_nights using (ds)
where ranked_nights.nights_back <= 2
group by rankings.user_id
having min(ranked_nights.nights_back) = 2
order by rankings.user_id
limit 20
