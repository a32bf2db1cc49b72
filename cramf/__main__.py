"""`python -m cramf` is the `cramf` command."""

from cramf.cli.main import main

main()
