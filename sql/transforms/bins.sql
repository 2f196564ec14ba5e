-- Ten bins of about as many scores each: cut at the nine deciles, numbered from 0, a tie in one bin.
create or replace temp macro bin_of(value, cuts) as
(value > cuts[1])::integer
+ (value > cuts[2])::integer
+ (value > cuts[3])::integer
+ (value > cuts[4])::integer
+ (value > cuts[5])::integer
+ (value > cuts[6])::integer
+ (value > cuts[7])::integer
+ (value > cuts[8])::integer
+ (value > cuts[9])::integer;
