-- Takes back what nights told of sources that could not be read: now they could.
delete from ops.summaries
where stage = $stage
