"""The HTTP API and the page, as a Flask application."""

from crucible.api.app import create_app

__all__ = ["create_app"]
