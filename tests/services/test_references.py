import pytest
from sqlalchemy.orm import Session
from tests.seed import add_project, add_run

from crucible.errors import Ambiguous, NotFound
from crucible.services.references import only_project, resolve_project, resolve_run


def test_a_run_is_named_by_id_prefix_or_number(session: Session) -> None:
    project = add_project(session)
    run = add_run(session, project, id="019ac1f2-7d30-7c11-9d2e-0123456789ab")

    for ref in (run.id, "019ac1f2", "019ac1f2-7d30-7c", "1", "#1"):
        assert resolve_run(session, ref) == run.id
        assert resolve_run(session, ref, project.id) == run.id


@pytest.mark.parametrize(
    "ref",
    ["019ac1f", "2", "#2", "01", "#", "", "0", "9" * 40, "1" * 18, "019ac1f%", "x\0y", "\udcff",
     "é" * 9, "019AC1F2", " 1", "1\n", "-1", "１"],
)  # fmt: skip
def test_what_names_no_run_is_not_found(session: Session, ref: str) -> None:
    add_run(session, add_project(session), id="019ac1f2-7d30-7c11-9d2e-0123456789ab")

    with pytest.raises(NotFound):
        resolve_run(session, ref)


def test_a_prefix_that_fits_two_runs_is_ambiguous(session: Session) -> None:
    project = add_project(session)
    for last in "ab":
        add_run(session, project, id=f"019ac1f2-7d30-7c11-9d2e-{last}")

    with pytest.raises(Ambiguous):
        resolve_run(session, "019ac1f2")
    assert resolve_run(session, "019ac1f2-7d30-7c11-9d2e-a").endswith("a")


def test_a_number_needs_its_project_where_there_are_several(session: Session) -> None:
    one, two = add_project(session), add_project(session)
    add_run(session, one)
    run = add_run(session, two)

    with pytest.raises(Ambiguous, match="name the project"):
        resolve_run(session, "#1")
    assert resolve_run(session, "#1", two.id) == run.id


def test_an_imported_id_of_digits_goes_before_a_number(session: Session) -> None:
    project = add_project(session)
    add_run(session, project, id="2")  # is #1
    second = add_run(session, project)
    assert second.number == 2
    assert resolve_run(session, "2") == "2"
    assert resolve_run(session, "#2") == resolve_run(session, second.id) == second.id
    assert resolve_run(session, "1") == resolve_run(session, "#1") == "2"


def test_a_prefix_is_looked_for_in_the_project_given(session: Session) -> None:
    one, two = add_project(session), add_project(session)
    add_run(session, one, id="019ac1f2-a")
    run = add_run(session, two, id="019ac1f2-b")

    assert resolve_run(session, "019ac1f2", two.id) == run.id


def test_a_project_is_named_by_id_prefix_or_title(session: Session) -> None:
    project = add_project(session, id="019ab0aa-0000-7000", title="Checkout p99")

    for ref in (project.id, "019ab0aa", "Checkout p99"):
        assert resolve_project(session, ref) == project.id
    for ref in ("019ab0a", "checkout p99", "", "\udcff"):
        with pytest.raises(NotFound):
            resolve_project(session, ref)


def test_a_title_of_two_projects_is_ambiguous(session: Session) -> None:
    add_project(session)
    add_project(session)

    with pytest.raises(Ambiguous, match="give the id"):
        resolve_project(session, "Checkout p99")


def test_the_only_project_need_not_be_named(session: Session) -> None:
    with pytest.raises(NotFound, match="no project yet"):
        only_project(session, None)
    one = add_project(session, title="One")
    assert only_project(session, None) == one.id
    two = add_project(session, title="Two")
    with pytest.raises(Ambiguous, match="--project-id"):
        only_project(session, None)
    assert only_project(session, "Two") == two.id
    with pytest.raises(NotFound):
        only_project(session, "Three")
