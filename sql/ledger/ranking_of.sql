-- One row where the night's ranking was published: the model, and the longest ranking.
select
    rankings.model_id,
    max(rankings.rank) as longest
from serving.rankings as rankings
inner join ops.nights as nights using (ds)
where
    rankings.ds = $ds
    and nights.status in ('OK', 'OK_WITH_WARNINGS')
group by rankings.model_id
