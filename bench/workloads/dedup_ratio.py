"""How much of each user's last events is left where what the activation unit sees alike is told once
(din/data/dedup_history.py).

    python -m bench.workloads.dedup_ratio --data ../shared/data/completejourney

As of the end of the set: by goods or shop alone, and within a step of time, as the default form has it.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from bench.workloads.splits import DAY, read
from din import DinConfig
from din.data.batch import JaggedHistory
from din.data.dedup_history import unique_positions
from din.model.time_position import HOURS_PER_DAY, log2_bucket


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    events, form = read(given.data), DinConfig()
    from_last = np.searchsorted(events.users, events.users, "right") - np.arange(len(events.users))
    age = torch.from_numpy((events.ts.max() - events.ts) / DAY)
    print(f"{given.data.name}: {'by key':>18}{'and step':>10}")
    for name, keys, length in (("goods", events.goods, form.goods_length), ("shops", events.shops, form.shop_length)):
        seen = torch.from_numpy(from_last <= length)
        history = JaggedHistory(torch.from_numpy(keys)[seen], torch.from_numpy(events.users)[seen], age[seen])
        step_N = log2_bucket(history.age_N * HOURS_PER_DAY, form.time_buckets)
        left = [len(unique_positions(history, step)[0]) / len(history.keys_N) for step in (None, step_N)]
        print(f"  {name:<24}{left[0]:>8.2f}{left[1]:>10.2f}")


if __name__ == "__main__":
    main()
