-- One row per night whose rankings name a user, a goods or a model that the store does not know.
-- promise: rankings are of users, goods and models that the store knows
select
    rankings.ds || ': ' || count(*) || ' rows of an unknown user, goods or model' as what,
    'restore a copy of warehouse.duckdb' as remedy
from serving.rankings as rankings
left join entities.users as users using (user_key)
left join entities.goods as goods using (goods_key)
left join ops.models as models using (model_id)
where
    users.user_key is null
    or goods.goods_key is null
    or models.model_id is null
group by rankings.ds
order by rankings.ds
