"""What `crucible doctor` looks at: one module a subject, none of which changes anything.

A check is a generator of findings. It runs in a thread of its own, within its time; what it found
before it broke or was given up is kept, and the next one runs all the same.
"""

from crucible.doctor.examining import examine, together

__all__ = ["examine", "together"]
