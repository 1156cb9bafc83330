"""A worker process to be killed: runs one run against the environment's settings."""

import sys

from crucible import config
from crucible.db import Database
from crucible.execution.foreground import run_now

if __name__ == "__main__":
    settings = config.load()
    run_now(Database.open(settings.database_url), settings, sys.argv[1], lambda: None)
