"""A text that a person typed -> the user whom a store is to forget, and what it remembers of them."""

from dataclasses import dataclass
from datetime import datetime

from features.errors import FeatureError
from features.ingest.entity_keys import has_entities
from features.ingest.event_files import ALL_DAYS
from features.ops.erasure.scan import Person, rows_in_parquet
from features.store.lake import LakeFile
from features.store.typed_ids import texts_of_id
from features.store.warehouse import Warehouse


@dataclass(frozen=True)
class Tombstone:
    """What is remembered of a forgotten person."""

    user_hash: str
    user_key: int | None
    forgotten_at: datetime
    model_ids: list[str]
    user_text: str


def find_person(warehouse: Warehouse, text: str) -> tuple[Person, Tombstone | None]:
    """Return whom the text means, with the tombstone they may have: by id, by hash, or by a row that was refused.

    A UUID means the user with that UUID, in whatever letters; one who is there still goes before one who is forgotten.
    """
    if not has_entities(warehouse.con):
        raise FeatureError(f"{warehouse.store.root}: no events yet, so nobody to forget")
    is_text = warehouse.one("erasure/type_of_ids") == "VARCHAR"
    texts = texts_of_id(text)
    for known, user_key in warehouse.run("erasure/person", texts=texts)[:1]:
        return Person(known, is_text, user_key), tombstone_of(warehouse, [known])
    if before := tombstone_of(warehouse, texts):
        return Person(before.user_text, is_text, before.user_key), before
    for person in (Person(one, is_text, None) for one in texts):
        if was_refused(warehouse, person):
            return person, None
    raise FeatureError(f"user_id {text} is nobody's in {warehouse.store.root}; write it as the source does")


def tombstone_of(warehouse: Warehouse, texts: list[str]) -> Tombstone | None:
    found = warehouse.run("erasure/tombstone", texts=texts)
    return Tombstone(*found[0]) if found else None


def was_refused(warehouse: Warehouse, person: Person) -> bool:
    """Whether quarantine holds the person."""
    return any(
        rows_in_parquet(warehouse.store.lake / file.path, person)
        for file in files_named(warehouse)
        if file.asset.startswith("quarantine.")
    )


def files_named(warehouse: Warehouse) -> list[LakeFile]:
    return warehouse.files("%", *ALL_DAYS)
