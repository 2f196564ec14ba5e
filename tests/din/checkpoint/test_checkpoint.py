"""Trained weights <-> a folder."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import din
from din import DIN, DinConfig, DinError
from tests.din.worlds import ALL_ROWS, CATEGORY_OF, model_of, world

SMALL = DinConfig(embedding_dim=8, attention_hidden_units=(8, 4), mlp_hidden_units=(8,))


def saved(folder: Path) -> tuple[DIN, str]:
    torch.manual_seed(0)
    model = DIN(SMALL, 10, 5).eval()
    return model, din.save_model(folder, model, {"ds": "2025-03-01"}, {"gauc": 0.7})


def test_a_model_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    model, model_id = saved(tmp_path)

    loaded = din.load_model(tmp_path, model_id)

    assert loaded.config == SMALL
    assert all(
        torch.equal(a, b) for a, b in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True)
    )
    assert sorted(path.name for path in (tmp_path / model_id).iterdir()) == [
        "metrics.json",
        "model.json",
        "weights.safetensors",
    ]


def test_a_model_of_categories_and_users_comes_back_with_its_rows_and_what_it_took_the_goods_for(
    tmp_path: Path,
) -> None:
    config = replace(SMALL, category_embedding=True, user_embedding=True)
    model = model_of(config)
    model_id = din.save_model(tmp_path, model, {"ds": "2025-03-01"}, {})

    loaded = din.load_model(tmp_path, model_id)

    record = din.read_metadata(tmp_path, model_id)
    assert (record["category_rows"], record["user_rows"]) == ALL_ROWS[2:]
    assert loaded.goods.categories is not None
    assert loaded.goods.categories.of_goods_G.tolist() == CATEGORY_OF.tolist()
    assert np.array_equal(din.predict(loaded, *world()), din.predict(model, *world()))


def test_a_model_saved_before_there_were_categories_and_users_loads_and_is_the_same_when_it_is_saved_again(
    tmp_path: Path,
) -> None:
    model, model_id = saved(tmp_path)
    record_file = tmp_path / model_id / "model.json"
    record = json.loads(record_file.read_text())
    assert "category_rows" not in record
    for name in ("category_embedding", "user_embedding"):
        del record["config"][name]
    record_file.write_text(json.dumps(record))
    before = (tmp_path / model_id).stat().st_ino

    loaded = din.load_model(tmp_path, model_id)

    assert loaded.config == SMALL
    assert list(loaded.state_dict()) == list(model.state_dict())
    assert (saved(tmp_path)[1], (tmp_path / model_id).stat().st_ino) == (model_id, before)


def test_the_same_weights_have_the_same_model_id(tmp_path: Path) -> None:
    ids = {saved(tmp_path / place)[1] for place in ("one", "two")}

    assert len(ids) == 1
    assert ids.pop().startswith("din-2025-03-01-")


def test_saving_the_same_model_again_leaves_its_folder_where_it_is(tmp_path: Path) -> None:
    _, model_id = saved(tmp_path)
    before = (tmp_path / model_id).stat().st_ino

    assert saved(tmp_path)[1] == model_id
    assert (tmp_path / model_id).stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == [model_id]


def test_saving_the_same_model_again_mends_a_damaged_folder(tmp_path: Path) -> None:
    _, model_id = saved(tmp_path)
    (tmp_path / model_id / "weights.safetensors").write_bytes(b"damaged")

    saved(tmp_path)

    assert din.load_model(tmp_path, model_id).config == SMALL


def test_a_flipped_bit_is_found_and_the_file_named(tmp_path: Path) -> None:
    _, model_id = saved(tmp_path)
    weights = tmp_path / model_id / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    with pytest.raises(DinError, match=rf"{weights}: is not what was saved.*nightrank train"):
        din.load_model(tmp_path, model_id)


def test_a_model_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DinError, match="train again with: nightrank train"):
        din.load_model(tmp_path, "din-of-nobody")


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    _, model_id = saved(tmp_path)
    weights = tmp_path / model_id / "weights.safetensors"
    state = load_file(weights)
    state["goods.embedding.weight"][3, 3] = float("inf")
    save_file(state, weights)
    record = json.loads((tmp_path / model_id / "model.json").read_text())
    record["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    (tmp_path / model_id / "model.json").write_text(json.dumps(record))

    with pytest.raises(DinError, match=r"goods\.embedding\.weight hold numbers that are not finite"):
        din.load_model(tmp_path, model_id)


def test_din_imports_where_there_is_nothing_but_torch_numpy_and_safetensors() -> None:
    program = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        others = "duckdb polars pyarrow prefect typer rich pydantic structlog numba"
        if name.split(".")[0] in others.split():
            raise ImportError(name)

sys.meta_path.insert(0, Nothing())
import din
print([getattr(din, name).__name__ for name in ("DIN", "fit", "rank", "load_model")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "['DIN', 'fit', 'rank', 'load_model']\n"


def test_it_trains_and_ranks_many_users_where_there_is_neither_safetensors_nor_numba() -> None:
    program = (
        "import sys; sys.modules['safetensors'] = sys.modules['numba'] = None;"
        "import din.training.trainer, din.ranking.user_batch; print('yes')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "yes\n"


def test_settings_and_errors_come_without_importing_torch() -> None:
    program = "import sys, din; print(din.DinConfig().pooling, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "din False\n"
