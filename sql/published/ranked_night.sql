-- Adds the rankings of the night $ds and their why to the attached file `release`. Reads named_rankings and named_why.

insert into release.rankings by name
select *
from named_rankings
where ds = $ds
order by
    user_id,
    rank;

insert into release.why by name
select *
from named_why
where ds = $ds
order by
    user_id asc,
    goods_id asc,
    part asc,
    weight desc,
    history_id asc;
