import pytest

from .process import environment


@pytest.fixture
def env(lab):
    """The lab's settings, for a process."""
    return environment(**lab.environ)
