"""`python -m lignin`: the command line."""

from lignin.cli import main

main()
