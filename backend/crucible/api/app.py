"""The application: settings, tables, routes and guards, joined."""

import secrets

from flask import Flask

from crucible.api import (
    commands,
    compare,
    docs,
    document,
    estimates,
    health,
    metrics,
    pages,
    projects,
    runs,
    session,
    trends,
    verdict,
)
from crucible.api.access import Access, register_access
from crucible.api.compression import register_compression
from crucible.api.database import db
from crucible.api.errors import Problems
from crucible.api.json import OrjsonProvider
from crucible.api.requests import register_requests
from crucible.api.security import register_guards
from crucible.api.state import NAME, Executor, State
from crucible.api.throttle import Throttle
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.scrub import Scrubber

MAX_BODY_BYTES = 2 * 1024 * 1024


def create_app(
    settings: Settings,
    database_url: str | None = None,
    executor: Executor | None = None,
    clock: Clock | None = None,
    started: str | None = None,
    throttle: Throttle | None = None,
) -> Flask:
    """The API and the page. Without an executor, runs are recorded and stay `created`.

    Processes that serve together are given the same `started`, so that each knows the tags of
    the others; it must be another one at every start. They are given the same `throttle` too, made
    before they were forked, so that who tries tokens gains nothing by their number.
    """
    app = Flask("crucible", static_folder=None, template_folder=None)
    app.json = OrjsonProvider(app)
    url = database_url or settings.database_url
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        **document.CONFIG,
    )
    scrub = Scrubber(settings.secrets())
    clock = clock or SystemClock()
    app.extensions[NAME] = State(
        settings, clock, executor, url, scrub, started or secrets.token_hex(8)
    )
    db.init_app(app)
    register_requests(app)
    register_compression(app)
    register_access(app, Access(settings, clock, throttle))
    register_guards(app, settings)
    blueprints = (
        health.blueprint,
        session.blueprint,
        projects.blueprint,
        runs.blueprint,
        commands.blueprint,
        trends.blueprint,
        verdict.blueprint,
        compare.blueprint,
        estimates.blueprint,
    )
    document.register(app, blueprints)
    metrics.register(app)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(pages.blueprint)
    Problems(scrub).register(app)
    return app
