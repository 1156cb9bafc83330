"""Kosmos as far as Int Crucible uses it: its interface and manners, without its insides."""

print("kosmos: a banner on stdout")  # noqa: T201 - as the real one does
