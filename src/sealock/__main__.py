"""`python -m sealock`."""

from sealock.cli.main import main

main()
