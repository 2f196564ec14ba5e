-- Names what a release holds as published/named.sql names the record: named_rankings and named_why.

create or replace temp view named_rankings as
from rankings;

create or replace temp view named_why as
from why;
