-- Keeps the ids of a bucket's users and of the night's goods, for sources of one's own, which see no others. Reads
-- user_ids and goods_ids.

create table night_user_ids as
select
    user_ids.user_id,
    night_users.user_key
from night_users
inner join user_ids using (user_key);

create table night_goods_ids as
select
    goods_ids.goods_id,
    night_goods.goods_key
from night_goods
inner join goods_ids using (goods_key);
