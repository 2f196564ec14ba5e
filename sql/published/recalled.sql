-- What the schema `inside` of a release is made from, empty: the nights that can be worked out again, and their goods.
create or replace temp table recalled_nights (
    ds date,
    has_users boolean
);

create or replace temp table recalled_goods (
    ds date,
    goods_key integer,
    shop_key integer,
    category_key integer
);
