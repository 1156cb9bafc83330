"""How long to wait for what another holds. Read at each use, so that a test can change it."""

BUSY_TIMEOUT_MS = 10_000
RETRY_SECONDS = 1
UNPREPARED = "the database has not been prepared for this version: run `crucible db upgrade`"
