"""Values on their way to and from psycopg. Imported only where there is a connection of it."""

from typing import Any

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.string import StrDumperUnknown

_UNKNOWN = "\ufffd"
"""What stands in text for a character that was none."""


class StorableText(StrDumperUnknown):
    """Text without what PostgreSQL cannot keep. A model may answer anything, and a call that was
    paid for must not be lost over a character."""

    def dump(self, obj: str) -> Buffer | None:
        if "\x00" in obj:
            obj = obj.replace("\x00", _UNKNOWN)
        try:
            return obj.encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            return obj.encode("utf-8", "replace")


class Number(Loader):
    """No column is a NUMERIC. What comes as one is a sum of whole numbers, or an average."""

    def load(self, data: Buffer) -> int | float:
        said = bytes(data).decode()
        return int(said) if said.lstrip("-").isdigit() else float(said)


def register(connection: Connection[Any]) -> None:
    connection.adapters.register_dumper(str, StorableText)
    connection.adapters.register_loader("numeric", Number)
