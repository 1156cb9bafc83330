"""`python -m crucible.cli`."""

from crucible.cli import main

main(prog_name="crucible")
