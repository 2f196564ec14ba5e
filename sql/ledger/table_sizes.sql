-- One row: how many rows the embeddings of goods, shops, categories and users need, row 0, the unknown one, included.
-- Keys of forgotten users count too: a model that had rows for them is not of another store.
select
    (select coalesce(max(goods.goods_key), 0) + 1 from entities.goods as goods) as goods_rows,
    (select coalesce(max(shops.shop_key), 0) + 1 from entities.shops as shops) as shop_rows,
    (select coalesce(max(categories.category_key), 0) + 1 from entities.categories as categories) as category_rows,
    greatest(
        (select coalesce(max(users.user_key), 0) from entities.users as users),
        (select coalesce(max(forgotten.user_key), 0) from entities.forgotten as forgotten)
    ) + 1 as user_rows
