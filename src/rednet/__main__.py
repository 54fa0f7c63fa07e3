"""`python -m rednet`."""

from rednet.cli.app import main

main()
