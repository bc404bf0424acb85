"""The control endpoint `/clefctl-test/<account>/<what>`; every body and answer is JSON.

| Request | Effect |
|---|---|
| `GET  ready` (no account) | answers once the server serves |
| `POST <account>/reset` | empties the account, in moto too |
| `GET  <account>/calls` | the calls since the last mark, in order |
| `POST <account>/mark` | forgets the calls so far |
| `POST <account>/inject` | a `Fault` (see `state.py`): `kind`, and `service`, `operation`, `mutating`, `skip`, `times`, … |
| `POST <account>/clear` | takes all faults away |
| `POST <account>/slow` | `{"describes": n}`: asynchronous things take n describes to reach their final state |
| `POST <account>/fail` | `{"type": "nat_gateway", …}`: the next thing of that type ends in failure |
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from .state import KINDS, Accounts, Fault
from .wire import Answer


class Control:
    """Answers the control endpoint."""

    def __init__(self, accounts: Accounts):
        self.accounts = accounts

    def handle(self, method: str, path: str, body: bytes) -> Answer:
        """One control request."""
        parts = path.removeprefix("/clefctl-test/").strip("/").split("/")
        if parts == ["ready"]:
            return _json({"ready": True})
        try:
            ident, what = parts
            value = json.loads(body) if body else {}
            return _json(self._do(method, ident, what, value))
        except (ValueError, TypeError, KeyError) as error:
            return _json({"error": f"{method} {path}: {error}"}, 400)

    def _do(self, method: str, ident: str, what: str, value: dict[str, Any]) -> Any:
        account = self.accounts.get(ident)
        if (method, what) == ("GET", "calls"):
            return account.calls
        if method != "POST":
            raise ValueError("no such control request")
        if what == "reset":
            self.accounts.reset(ident)
        elif what == "mark":
            account.calls.clear()
        elif what == "inject":
            fault = Fault(**value)
            if fault.kind not in KINDS:
                raise ValueError(f"the kind of a fault is one of {', '.join(KINDS)}")
            account.faults.append(fault)
            account.remember = account.remember or fault.kind == "stale"
        elif what == "remember":
            account.remember = True
        elif what == "clear":
            account.faults.clear()
        elif what == "slow":
            account.slow = int(value["describes"])
        elif what == "fail":
            account.failures[value["type"]].append(value)
        else:
            raise ValueError("no such control request")
        return {"faults": [dataclasses.asdict(fault) for fault in account.faults]}


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
