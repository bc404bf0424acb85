"""The checks of `selfcheck.py`, by service. Each says what AWS does."""
