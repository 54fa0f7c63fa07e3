"""The command line; it holds no arithmetic: parse, call one function, print."""
