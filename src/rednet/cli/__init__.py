"""The command line: it parses, calls one function and prints, and computes nothing itself."""
