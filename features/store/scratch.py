"""A trial: what is built in it lasts as long as it does, and then nothing of it was ever there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date

from features.store.fingerprints import Fingerprint
from features.store.lake import LakeFile
from features.store.warehouse import AssetBuild, Warehouse


@dataclass(frozen=True)
class ScratchWarehouse(Warehouse):
    """A warehouse within one transaction that will be rolled back; it remembers the files that were made."""

    made: list[LakeFile] = field(default_factory=list)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """The trial is one already."""
        yield

    def fail(self, asset: str, ds: date, error: BaseException) -> None:
        """Nothing is kept: the record of a failure would go with all else."""

    @contextmanager
    def building(self, asset: str, ds: date, fingerprint: Fingerprint) -> Iterator[AssetBuild]:
        """As ever, and remembers the files even where the rest of them could not be made."""
        with super().building(asset, ds, fingerprint) as made:
            try:
                yield made
            finally:
                self.made.extend(made.files)


@contextmanager
def scratch_warehouse(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Gives a warehouse in which anything missing may be built. At the end, however it comes, the record is rolled back
    and the files made are removed, but for those that were there before."""
    aside = ScratchWarehouse(warehouse.store, warehouse.con, warehouse.clock, warehouse.run_id)
    warehouse.con.begin()
    try:
        yield aside
    finally:
        warehouse.con.rollback()
        for file in aside.made:
            if file not in warehouse.files(file.asset, file.ds, file.ds):
                remove(aside, file)


def remove(warehouse: Warehouse, file: LakeFile) -> None:
    """Takes a file out of the lake, and the folders that only it was in."""
    path = warehouse.store.lake / file.path
    path.unlink(missing_ok=True)
    with suppress(OSError):  # the first folder that is not empty
        for folder in path.relative_to(warehouse.store.lake).parents[:-1]:
            (warehouse.store.lake / folder).rmdir()
