"""Moving history between databases as JSON lines, and making up some to look at.

The recorder writes what happens here; these write what happened elsewhere, or never did. Such
runs have no ledger (`ledger: absent`), and no surface lets them go on.
"""
