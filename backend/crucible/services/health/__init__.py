"""Is something going wrong? A verdict with its evidence, from the newest runs alone."""

from crucible.services.health.service import health

__all__ = ["health"]
