-- One row: the newest day of files that can be built again, the newest published night, and the newest day that a model
-- was trained for, or without one the newest night.
select
    (
        select max(files.ds)
        from ops.files as files
        where list_contains($assets, files.asset)
    ) as newest_file,
    (
        select max(nights.ds)
        from ops.nights as nights
        where nights.status in ('OK', 'OK_WITH_WARNINGS')
    ) as newest_published,
    coalesce(
        (select max(models.ds) from ops.models as models),
        (select max(nights.ds) from ops.nights as nights)
    ) as newest_learned
