-- One row where texts of night_user_ids are the same number: some of them.
select list(distinct user_id::varchar order by user_id::varchar)[:3] as alike
from night_user_ids
where try_cast(user_id::varchar as double) is not null
group by try_cast(user_id::varchar as double)
having count(distinct user_id::varchar) > 1
order by alike
limit 1
