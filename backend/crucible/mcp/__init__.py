"""The tools for agents: the services' answers over the Model Context Protocol.

Needs the extra `mcp`; nothing outside of this package imports that library.
"""
