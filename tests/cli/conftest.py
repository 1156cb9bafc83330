import logging
import signal

import pytest

from .process import environment


@pytest.fixture
def env(lab):
    """The lab's settings, for a process."""
    return environment(**lab.environ)


@pytest.fixture(autouse=True)
def process_state():
    """What a command changes in its process, put back when it ran in the one of the tests."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for number, handler in signals.items():
        signal.signal(number, handler)
