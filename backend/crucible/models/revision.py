from sqlalchemy.orm import Mapped, mapped_column

from crucible.models.base import Base


class Revision(Base):
    """Counts the committed changes that a reader could see. The sum over all rows is the revision
    of the database: it only ever grows, whatever clocks do and whatever is deleted.

    Several rows, so that workers on a server's database do not wait for each other's commits.
    """

    __tablename__ = "crucible_revisions"

    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]
