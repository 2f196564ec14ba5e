-- One row per goods: the catalogue of the Complete Journey, whose product types serve as names.
select
    products.goods_id,
    products.brand_id as shop_id,
    products.cat_id,
    concat_ws(
        ' ', coalesce(products.product_type, products.product_category, products.department), products.package_size
    ) as name,
    true as active
from read_parquet($path) as products
