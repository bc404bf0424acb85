"""What the emulator keeps per account beside moto: its own stores, the record of calls, faults, the pace."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict

from .wire import Answer, Call


@dataclass
class Fault:
    """What is to happen to the next matching calls. Without `service` or `operation` each one matches."""

    kind: str
    service: str | None = None
    operation: str | None = None
    mutating: bool | None = None
    skip: int = 0
    times: int | None = 1
    code: str = "ThrottlingException"
    message: str = "Rate exceeded"
    status: int = 400
    seconds: float = 0.0

    def matches(self, call: Call) -> bool:
        """Whether it applies to `call`; counts it when it does."""
        if self.service not in (None, call.service) or self.operation not in (None, call.operation):
            return False
        if self.mutating not in (None, call.mutating) or self.times == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


KINDS = ("error", "lose_answer", "cut_before", "delay", "stale")


@dataclass
class Account:
    """One AWS account's state beside moto's."""

    ident: str
    stores: dict[Any, dict[Any, Any]] = field(default_factory=lambda: defaultdict(dict))
    calls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    #: How many times a thing is described before it reaches its final state: 0 is at once, as moto does.
    slow: int = 0
    #: States that things are to end in other than the good one: (type) -> list of failures to come.
    failures: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    #: Answers to lists, for `stale`: request -> [(time, answer)].
    history: dict[Any, list[tuple[float, Answer]]] = field(default_factory=lambda: defaultdict(list))
    remember: bool = False

    def record(self, call: Call) -> dict[str, Any]:
        """Writes `call` down; its outcome is filled in later."""
        entry = {
            "service": call.service,
            "operation": call.operation,
            "region": call.region,
            "mutating": call.mutating,
            "outcome": None,
        }
        self.calls.append(entry)
        return entry

    def fault(self, call: Call) -> Fault | None:
        """The first fault that applies to `call`."""
        return next((fault for fault in self.faults if fault.matches(call)), None)

    def stale(self, key: Any, seconds: float, now: float | None = None) -> Answer | None:
        """The newest remembered answer that is at least `seconds` old."""
        now = time.monotonic() if now is None else now
        old = [answer for at, answer in self.history[key] if now - at >= seconds]
        return old[-1] if old else None


class Accounts:
    """All accounts of this server."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()

    def get(self, ident: str) -> Account:
        """The account's state, made when first asked for."""
        with self._lock:
            return self._accounts.setdefault(ident, Account(ident))

    def reset(self, ident: str) -> None:
        """Empties one account, in moto too."""
        from moto.s3.models import s3_backends

        with self._lock:
            self._accounts.pop(ident, None)
            if ident in s3_backends.keys():
                for backend in s3_backends[ident].values():
                    backend.reset()
            for backends in list(BackendDict._instances):
                backends.pop(ident, None)

    def reset_all(self) -> None:
        """Empties every account."""
        with self._lock:
            self._accounts.clear()
            BackendDict.reset()
