"""The row of a forgotten user, out of every checkpoint."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import din
from din import DinError
from din.checkpoint import erase_user
from tests.din.worlds import SMALL, model_of, world

WITH = replace(SMALL, user_embedding=True)
WHO = 3


def saved(folder: Path, config: din.DinConfig = WITH, seed: int = 1) -> str:
    return din.save_model(folder, model_of(config, seed), {"ds": "2025-03-01"}, {})


def rows_of(folder: Path, model_id: str) -> torch.Tensor:
    return load_file(folder / model_id / "weights.safetensors")["users.weight"]


def test_the_row_becomes_the_unknown_one_and_everybody_else_is_scored_as_before(tmp_path: Path) -> None:
    (examples, *histories), model_id, without = world(), saved(tmp_path), saved(tmp_path, SMALL)
    before, scores = rows_of(tmp_path, model_id), din.predict(model_of(WITH), examples, *histories)

    found = din.forget_user(tmp_path, WHO)

    after, model = rows_of(tmp_path, model_id), din.load_model(tmp_path, model_id)
    assert found == ([model_id], [])
    assert torch.equal(after[WHO], before[0])
    assert not any(torch.equal(row, before[WHO]) for row in after)
    theirs = examples.user_keys == WHO
    assert np.array_equal(din.predict(model, examples, *histories)[~theirs], scores[~theirs])
    assert din.forget_user(tmp_path, WHO) == ([], [])
    assert din.load_model(tmp_path, without).config == SMALL


def test_a_user_whom_no_model_has_met_changes_nothing(tmp_path: Path) -> None:
    saved(tmp_path)

    assert din.forget_user(tmp_path, 10) == ([], [])
    assert din.forget_user(tmp_path / "nowhere", WHO) == ([], [])


def test_what_killed_trainings_left_is_removed(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / ".din-2025-03-02.under_way.safetensors").write_bytes(b"rows of users")
    (tmp_path / ".din-2025-03-02.under_way.making").write_bytes(b"rows of users")
    (tmp_path / ".din-2025-03-02-abc.making").mkdir()
    (tmp_path / ".din-2025-03-02-abc.making" / "weights.safetensors").write_bytes(b"rows of users")

    din.forget_user(tmp_path, WHO)

    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("at", ["model.json.making", "weights.safetensors.making"])
def test_whoever_is_killed_between_two_files_finishes_when_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    model_id, rename = saved(tmp_path), Path.rename

    def dies(path: Path, target: Path) -> Path:
        if path.name == at:
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(erase_user.Path, "rename", dies)
        with pytest.raises(KeyboardInterrupt):
            din.forget_user(tmp_path, WHO)

    assert din.forget_user(tmp_path, WHO) == ([model_id], [])
    assert torch.equal(rows_of(tmp_path, model_id)[WHO], rows_of(tmp_path, model_id)[0])
    assert din.load_model(tmp_path, model_id).config == WITH


def test_a_checkpoint_that_is_damaged_stays_so_and_one_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    damaged, unread = saved(tmp_path, seed=1), saved(tmp_path, seed=2)
    record = tmp_path / damaged / "model.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"weights_sha256": "of other weights"}))
    (tmp_path / unread / "weights.safetensors").write_bytes(b"no weights")

    rewritten, said = din.forget_user(tmp_path, WHO)

    assert rewritten == [damaged]
    assert len(said) == 1
    assert said[0].startswith(f"models/{unread}/weights.safetensors: cannot be read")
    with pytest.raises(DinError, match="is not what was saved"):
        din.load_model(tmp_path, damaged)
