"""Whatever is made in a store -> for the owner to write and for the group to read: files 0640, folders 0750."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

NOT_FOR_OTHERS = 0o027
FILE_MODE, FOLDER_MODE = 0o666 & ~NOT_FOR_OTHERS, 0o777 & ~NOT_FOR_OTHERS


@contextmanager
def new_file_aside(path: Path) -> Iterator[Path]:
    """Create an empty file next to `path`, with a name that no other writer has, and give its path.

    The block fills it, flushes it and renames it; a file that is still there at its end is removed. Two writers of one
    path never share a file, in one process or in several. The mode is set as the file is created, so it does not depend
    on the umask of the process.
    """
    aside = path.with_name(f".{path.name}.{uuid4().hex[:12]}.making")
    aside.touch(FILE_MODE, exist_ok=False)
    try:
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Create a folder and those above it that are missing, each closed to others."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(FOLDER_MODE, exist_ok=True)


class PrivateUmask:
    """While any thread is within it, what the process makes is closed to others, and to the group where its umask
    already said so: a umask is of the whole process."""

    def __init__(self) -> None:
        self.changing, self.within, self.before = threading.Lock(), 0, 0

    def __enter__(self) -> None:
        with self.changing:
            if not self.within:
                self.before = os.umask(0o077)  # there is no other way to ask
                os.umask(self.before | NOT_FOR_OTHERS)
            self.within += 1

    def __exit__(self, *_: object) -> None:
        with self.changing:
            self.within -= 1
            if not self.within:
                os.umask(self.before)


private_umask = PrivateUmask()
