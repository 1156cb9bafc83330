"""The application: settings, tables, routes and guards, joined."""

from flask import Flask

from crucible.api import commands, document, health, pages, projects, runs
from crucible.api.database import db
from crucible.api.errors import Problems
from crucible.api.json import OrjsonProvider
from crucible.api.security import register_guards
from crucible.api.state import NAME, Executor, State
from crucible.clock import Clock, SystemClock
from crucible.config import Settings
from crucible.scrub import Scrubber

MAX_BODY_BYTES = 2 * 1024 * 1024


def create_app(
    settings: Settings,
    database_url: str | None = None,
    executor: Executor | None = None,
    clock: Clock | None = None,
) -> Flask:
    """The API and the page. Without an executor, runs are recorded and stay `created`."""
    app = Flask("crucible", static_folder=None, template_folder=None)
    app.json = OrjsonProvider(app)
    url = database_url or settings.database_url
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url,
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        **document.CONFIG,
    )
    scrub = Scrubber(settings.secrets())
    app.extensions[NAME] = State(settings, clock or SystemClock(), executor, url, scrub)
    db.init_app(app)
    register_guards(app, settings.host)
    blueprints = (health.blueprint, projects.blueprint, runs.blueprint, commands.blueprint)
    document.register(app, blueprints)
    app.register_blueprint(pages.blueprint)
    Problems(scrub).register(app)
    return app
