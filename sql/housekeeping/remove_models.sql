-- Says of models that their checkpoints were removed; the register keeps what they were worth.
update ops.models
set removed_at = $now
where list_contains($model_ids, model_id)
