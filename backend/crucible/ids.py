"""Ids: UUIDv7, so that they sort by the time they were made."""


def new_id() -> str:
    import uuid_utils  # noqa: PLC0415 - who only reads makes none

    return str(uuid_utils.uuid7())
