"""The command line: it parses, calls one function and prints, and computes nothing itself.

`rednet --help` loads `app.py`, which loads the verbs but nothing heavy: a verb loads what it needs when it runs.
"""
