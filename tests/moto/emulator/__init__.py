"""moto with what it lacks, for the wire tests: see `docs/emulators.md` and the comments in `services/`."""
