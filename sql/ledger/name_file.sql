-- Makes a lake file real.
insert into ops.files by name
select
    $asset as asset,
    $ds as ds,
    $bucket as bucket,
    $path as path,
    $sha256 as sha256,
    $rows as rows,
    $bytes as bytes
