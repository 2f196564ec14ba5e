-- Takes an id that is text out of the errors that runs ended with, which may quote a row.
update ops.runs
set error = replace(error, $text, '(forgotten)')
where contains(error, $text);

update ops.intervals
set error = replace(error, $text, '(forgotten)')
where contains(error, $text);

update ops.summaries
set error = replace(error, $text, '(forgotten)')
where contains(error, $text);
