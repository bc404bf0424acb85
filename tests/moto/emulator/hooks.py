"""The registry of what is done differently from moto, by service and operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from moto.backends import get_backend

from .state import Account
from .wire import Call


class Context:
    """What a hook works with: the call, the account's own state, and moto's backend of the call's service."""

    def __init__(self, call: Call, account: Account, perform: Callable[..., dict[str, Any]]):
        self.call, self.account = call, account
        #: Lets moto perform the call with other params, and returns the output; with a call, performs that one.
        self.perform = perform

    @property
    def params(self) -> dict[str, Any]:
        """The members of the input."""
        return self.call.params

    def ask(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Another call of the same account and region, of a query or JSON service, straight to moto."""
        return self.perform(params, self.call.sibling(service, operation))

    def backend(self, service: str | None = None, region: str | None = None) -> Any:
        """moto's backend of `service` (the call's own without) in `region` (the call's own without)."""
        region = region or self.call.region
        return get_backend(service or self.call.service)[self.call.account][region]

    def store(self, name: str) -> dict[Any, Any]:
        """A dictionary of this account and region, for what moto keeps nowhere."""
        return self.account.stores[(name, self.call.region)]


#: Runs before moto: may raise `AwsError`, may return other params for moto.
Before = Callable[[Context], dict[str, Any] | None]
#: Runs instead of moto: returns the output.
Instead = Callable[[Context], dict[str, Any]]
#: Runs after a good answer of moto: changes the output in place, or returns another.
After = Callable[[Context, dict[str, Any]], dict[str, Any] | None]

BEFORE: dict[tuple[str, str], list[Before]] = defaultdict(list)
INSTEAD: dict[tuple[str, str], Instead] = {}
AFTER: dict[tuple[str, str], list[After]] = defaultdict(list)


def before(service: str, *operations: str) -> Callable[[Before], Before]:
    """Registers a check or a change of the request."""

    def register(hook: Before) -> Before:
        for operation in operations:
            BEFORE[service, operation].append(hook)
        return hook

    return register


def instead(service: str, *operations: str) -> Callable[[Instead], Instead]:
    """Registers an operation that moto lacks."""

    def register(hook: Instead) -> Instead:
        for operation in operations:
            INSTEAD[service, operation] = hook
        return hook

    return register


def after(service: str, *operations: str) -> Callable[[After], After]:
    """Registers a change of the answer."""

    def register(hook: After) -> After:
        for operation in operations:
            AFTER[service, operation].append(hook)
        return hook

    return register
