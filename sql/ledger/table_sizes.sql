-- One row: how many rows the embeddings of goods and of shops need, row 0, the unknown one, included.
select
    (select coalesce(max(goods.goods_key), 0) + 1 from entities.goods as goods) as goods_rows,
    (select coalesce(max(shops.shop_key), 0) + 1 from entities.shops as shops) as shop_rows
