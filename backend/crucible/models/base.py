"""The base of all tables, without Flask, and the types they share."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, MetaData, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator, TypeEngine

# Named, so that a migration can drop or alter what an earlier one made, on every engine.
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out, whatever the engine keeps. Refuses naive times."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(elsewhere: TypeEngine[str]) -> TypeEngine[str]:
    """PostgreSQL compares, sorts and folds it as SQLite does, byte by byte, and refuses none for
    its length: a name that came with a paid answer must not lose it."""
    return elsewhere.with_variant(Text(collation="C"), "postgresql")


def line(length: int) -> TypeEngine[str]:
    """Text of about so many characters."""
    return _text(String(length))


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            str: _text(Text()),
            int: BigInteger(),
            datetime: UTCDateTime(),
            dict[str, Any]: JSON(),
            dict[str, int]: JSON(),
            dict[str, float]: JSON(),
            list[Any]: JSON(),
            list[str]: JSON(),
        },
    )


Id = line(36)
Word = line(32)
