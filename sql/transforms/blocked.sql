-- One row per row of the block list whose ids are known: the keys, user_key NULL where it holds for everybody. Reads
-- block_list, entities.users and entities.goods.
select distinct
    users.user_key,
    goods.goods_key
from block_list
inner join entities.goods as goods on block_list.goods_id = goods.goods_id::varchar
left join entities.users as users on block_list.user_id = users.user_id::varchar
where
    block_list.user_id is null
    or users.user_key is not null
