-- One row: how many rows of the block list name a goods or a user that the store does not know. Reads block_list.
select count(*) as unknown
from block_list
where
    block_list.goods_id is null
    or block_list.goods_id not in (select goods.goods_id::varchar from entities.goods as goods)
    or block_list.user_id not in (select users.user_id::varchar from entities.users as users)
