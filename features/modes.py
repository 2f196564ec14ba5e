"""Whatever is made in a store -> for the owner to write and for the group to read: files 0640, folders 0750."""

import os
import threading

NOT_FOR_OTHERS = 0o027


class ClosedToOthers:
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


closed_to_others = ClosedToOthers()
