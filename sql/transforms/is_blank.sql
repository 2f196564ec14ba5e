-- Whether an id is a text of nothing but white space and characters that do not show. A text that begins with a letter or
-- digit of ASCII costs no regular expression.
create or replace temp macro is_blank(one_id) as
typeof(one_id) = 'VARCHAR'
and (one_id::varchar < '!' or one_id::varchar > '~')
and regexp_full_match(one_id::varchar, '[\s\p{Z}\p{Cc}\p{Cf}]*');
