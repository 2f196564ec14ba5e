"""What a store remembers of its sources, so that a person may call them by name."""

from features.errors import FeatureError
from features.sources import CONTRACTS, Source
from features.warehouse import Warehouse


def known_source(warehouse: Warehouse, named: str, kind: str) -> Source | None:
    """The source of this name that the store has read before, with its query as it was then; None where it has not.

    Raises FeatureError where the store knows the name as another kind of source.
    """
    for known in CONTRACTS:
        for row in warehouse.run("ledger/sources", kind=known):
            source = Source(*row)
            if source.name == named and known == kind:
                return source
            if source.name == named:
                raise FeatureError(f"{named}: this store knows it as a source of {known}; say so with --as {known}")
    return None
