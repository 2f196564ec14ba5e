-- Forgets the replaced lake files that are no longer on the disk, where $paths are those that are.
delete from ops.replaced_files
where not list_contains($paths, path)
