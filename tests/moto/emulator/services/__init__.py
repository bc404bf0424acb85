"""One module per AWS service. Each deviation of moto that is mended says what AWS does."""

import importlib
import pkgutil


def load() -> None:
    """Registers the hooks of every module here."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
