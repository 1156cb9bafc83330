"""Celery on Redis: messages that tell workers which run to take up.

The queue is still the table. A message carries a run's id and nothing else; one that is lost, comes
late or comes twice does no harm (see `celery_worker`).
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crucible.config import Settings
from crucible.errors import ConfigError, Unavailable
from crucible.extras import adding
from crucible.scrub import Scrubber

if TYPE_CHECKING:
    from celery import Celery  # type: ignore[import-untyped]
    from redis import Redis

TASK = "crucible.run"
QUEUE = "runs"
# Others may keep their queues in the same Redis database.
PREFIX = "int-crucible:"
# How long whoever starts a run waits for the broker, at each step: to connect, then for an answer.
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 5
HINT = "Start Redis, or see whether CRUCIBLE_BROKER_URL names it; then ask again."


class Broker:
    """One Redis. Connects when it is first asked. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.app = make_app(settings)
        self.where = address(settings.broker_url)
        self._url = settings.broker_url
        self._scrub = Scrubber(settings.secrets())
        self._client: Redis | None = None

    def ready(self) -> None:
        """Raises Unavailable, after a few seconds at most, when no message could be sent."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - Redis: only with a broker

        try:
            self._connection().ping()
        except (RedisError, OSError, ValueError) as error:
            raise self._unavailable(error) from error

    def send(self, run_id: str) -> None:
        """Tells the workers of a run. Raises Unavailable."""
        from kombu.exceptions import KombuError  # noqa: PLC0415 - see `ready`
        from redis.exceptions import RedisError  # noqa: PLC0415 - Redis: only with a broker

        try:
            self.app.send_task(
                TASK,
                (run_id,),
                # Once more: the connection may be an old one, from before the broker's restart.
                retry=True,
                retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0},
            )
        except (KombuError, RedisError, OSError, ValueError) as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self.app.close()

    def _connection(self) -> "Redis":
        from redis import Redis  # noqa: PLC0415 - see `ready`
        from redis.backoff import NoBackoff  # noqa: PLC0415 - see `ready`
        from redis.retry import Retry  # noqa: PLC0415 - see `ready`

        if self._client is None:
            self._client = Redis.from_url(
                self._url,
                socket_timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        return self._client

    def _unavailable(self, error: Exception) -> Unavailable:
        reason = self._scrub.line(str(error).rstrip(".") or type(error).__name__, 200)
        return Unavailable(
            f"the broker at {self.where} cannot be used: {reason}",
            hint=HINT,
            retry_after=RETRY_SECONDS,
        )


def make_app(settings: Settings) -> "Celery":
    """Raises ConfigError when Celery is not installed."""
    try:
        import redis  # noqa: F401, PLC0415 - to see that it is there
        from celery import Celery  # noqa: PLC0415 - a third of a second, only with a broker
    except ImportError as missing:
        raise ConfigError(
            f"CRUCIBLE_EXECUTOR=celery needs {missing.name}, which is not installed",
            hint=adding("celery"),
        ) from None
    app = Celery("crucible", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "global_keyprefix": PREFIX,
            "socket_connect_timeout": PATIENCE_SECONDS,
            # Of a broker that is there but says nothing. Waiting for messages takes one second.
            "socket_timeout": PATIENCE_SECONDS,
            # A message whose worker does not acknowledge it in time is delivered again; looked
            # for every second.
            "visibility_timeout": visibility_seconds(settings),
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
        enable_utc=True,
        task_acks_late=True,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_reject_on_worker_lost=True,
        task_serializer="json",
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=1,
    )
    return app


def visibility_seconds(settings: Settings) -> float:
    """No message is delivered again before silence would tell that its worker is gone."""
    return 2 * settings.lease_seconds


def address(url: str) -> str:
    """Where the broker is, for people: without its password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def health(broker: Broker) -> dict[str, Any]:
    """`{running, note}`; takes no longer than `Broker.ready`."""
    try:
        broker.ready()
    except Unavailable as error:
        return {"running": False, "note": error.message}
    return {"running": True, "note": None}
