"""(b) The pages of part (a) on a PostgreSQL that the benchmark starts for itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.history import build
from tests.benchmarks.reading import section
from tests.benchmarks.report import Scale, Section
from tests.engines import Cluster

SIZES = (1_000, 100_000)


def run(scale: Scale) -> Section:
    sizes = (2_000,) if scale.tiny else SIZES
    with _cluster() as cluster:
        urls = {runs: cluster.copied(cluster.template) for runs in sizes}
        for runs, url in urls.items():
            scale.say(f"making {runs:,} runs")
            build(url, runs)
        return section("b", "Pages of runs over HTTP, on PostgreSQL", urls, scale)


@contextmanager
def _cluster() -> Iterator[Cluster]:
    """As the tests have it: 64 MB of shared buffers, behind a socket; vacuumed by hand."""
    made = Cluster()
    try:
        yield made
    finally:
        made.remove()
