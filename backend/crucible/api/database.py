"""Flask-SQLAlchemy on the same tables and the same engine manners as the rest of the house."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from crucible.api.json import loads
from crucible.api.state import state
from crucible.db import Database, make_engine
from crucible.models import Base
from crucible.services import lost


class Bound(SQLAlchemy):
    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        url = str(app.config["SQLALCHEMY_DATABASE_URI"])
        return make_engine(url, json_deserializer=loads)


db = Bound(model_class=Base, disable_autonaming=True, session_options={"autoflush": False})


def reading() -> Session:
    """The request's session; it ends with the request. Workers that have died are noticed before
    it reads."""
    session = db.session()
    here = state()
    lost.look(session, Database(db.engine), here.clock, here.scrub)
    return session


@contextmanager
def writing() -> Iterator[Session]:
    """One transaction that holds the write lock from its start: committed at the end, rolled back
    if the body raises. Nothing may have been read in this request before."""
    session = db.session()
    session.connection(execution_options={"writes": True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
