"""`python -m crucible.api.openapi` writes the OpenAPI document to stdout."""

import sys

from crucible import config
from crucible.api.app import create_app
from crucible.api.document import encoded


def document_text() -> str:
    """The document as text, the same wherever it is made."""
    settings = config.load({"CRUCIBLE_DATABASE_URL": "sqlite:////tmp/never-opened.sqlite3"})
    return encoded(create_app(settings)).decode()


if __name__ == "__main__":
    sys.stdout.write(document_text())
