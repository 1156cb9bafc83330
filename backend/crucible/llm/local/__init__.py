"""The embedded model: its file, its server process, and how to ask it.

files    which file, where it lies, how it gets there
server   a llama.cpp server in a process of ours, OpenAI-compatible, started when needed
grammar  what a request to that server carries beside the usual fields
"""
