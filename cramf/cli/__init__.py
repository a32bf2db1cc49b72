"""The `cramf` command: one module a command."""
