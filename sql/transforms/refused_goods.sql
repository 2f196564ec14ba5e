-- Takes the rows of source_goods whose ids cannot be kept out of it, and counts them in refused_counts by reason.
create or replace temp table judged_goods as
select
    *,
    case
        when goods_id is null then 'goods_id is missing'
        when is_blank(goods_id) then 'goods_id is blank'
        when is_blank(shop_id) then 'shop_id is blank'
    end as refused
from source_goods;

create or replace temp table refused_counts as
select
    refused as reason,
    count(*) as rows
from judged_goods
where refused is not null
group by refused;

create or replace temp table source_goods as
select * exclude (refused)
from judged_goods
where refused is null;

drop table judged_goods;

-- One row per reason: how many rows.
select
    reason,
    rows
from refused_counts
order by reason
