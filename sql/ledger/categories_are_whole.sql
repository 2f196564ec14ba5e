-- One row: whether a category that is a whole number is written without a fraction, as 5 and not 5.0. It is in every store
-- but those that had read a source before this was so.
select
    not exists (select 1 from ops.sources)
    or exists (
        select 1 from ops.rulers
        where rulers.ruler = 'categories'
    ) as are_whole
