"""The WSGI application: control endpoint, faults and record, then hooks around moto."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import traceback
from typing import Any

from moto.core.exceptions import ServiceException, _RESTError

from .control import Control
from .hooks import AFTER, BEFORE, INSTEAD, Context
from .state import Accounts, Fault
from .wire import Answer, AwsError, Call, identify


class Application:
    """Serves AWS and `/clefctl-test/`."""

    def __init__(self, moto: Any, plain: bool = False):
        self.moto, self.plain = moto, plain
        self.accounts = Accounts()
        self.control = Control(self.accounts)
        # moto's models are no better than any dictionary under threads; one call at a time loses nothing below the GIL.
        self.lock = threading.RLock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = _read(environ)
        path = environ.get("PATH_INFO", "")
        if path.startswith("/clefctl-test/"):
            with self.lock:
                return _send(start_response, self.control.handle(environ["REQUEST_METHOD"], path, body))
        call = identify(environ, body)
        if call is None or (self.plain and call.cbor):
            environ["wsgi.input"] = _reader(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            return self.moto(environ, start_response)
        return _send(start_response, self.serve(call))

    def serve(self, call: Call) -> Answer:
        """One call: recorded, perhaps disturbed, answered."""
        account = self.accounts.get(call.account)
        with self.lock:
            entry = account.record(call)
            fault = account.fault(call)
        if fault is not None:
            entry["fault"] = fault.kind
            early = self._disturb(call, fault)
            if early is not None:
                entry["outcome"] = early.status
                return early
        with self.lock:
            answer = self._stale(call, fault) or self.answer(call)
        entry["outcome"] = answer.status
        if fault is not None and fault.kind == "lose_answer":
            _drop(call)
        return answer

    def _disturb(self, call: Call, fault: Fault) -> Answer | None:
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        elif fault.kind == "cut_before":
            _drop(call)
        elif fault.kind == "error":
            return call.error(AwsError(fault.code, fault.message, fault.status))
        return None

    def _stale(self, call: Call, fault: Fault | None) -> Answer | None:
        account = self.accounts.get(call.account)
        if not account.remember or call.mutating:
            return None
        key = (call.service, call.region, call.operation, call.environ.get("RAW_URI"), call.body)
        if fault is not None and fault.kind == "stale":
            old = account.stale(key, fault.seconds)
            if old is not None:
                return old
        answer = self.answer(call)
        account.history[key].append((time.monotonic(), answer))
        return answer

    def answer(self, call: Call) -> Answer:
        """What AWS would answer, by moto and the hooks."""
        key = (call.service, call.operation)
        account = self.accounts.get(call.account)

        def perform(params: dict[str, Any], other: Call | None = None) -> dict[str, Any]:
            made = call if other is None else other
            inner = made.perform(self.moto, params)
            if inner.status >= 300:
                raise _Refused(inner)
            return made.parsed(inner)

        context = Context(call, account, perform)
        try:
            params = None
            for hook in BEFORE.get(key, ()):
                params = hook(context) or params
                if params is not None:
                    call._params = params
            if key in INSTEAD:
                output = INSTEAD[key](context)
            else:
                answer = call.perform(self.moto, params)
                if key not in AFTER or answer.status >= 300:
                    return answer
                output = call.parsed(answer)
            for hook in AFTER.get(key, ()):
                output = hook(context, output) or output
            return call.answer(output)
        except _Refused as refused:
            return refused.answer
        except AwsError as error:
            return call.error(error)
        except ServiceException as error:
            return call.error(AwsError(error.code, error.message))
        except _RESTError as error:
            return call.error(AwsError(error.error_type, error.message, int(error.code)))
        except Exception as error:  # noqa: BLE001 - the client must see that the emulator is at fault
            if not self.plain:
                traceback.print_exc()
            return call.error(AwsError("InternalFailure", f"the emulator failed: {error!r}", 500))


class _Refused(Exception):
    def __init__(self, answer: Answer):
        super().__init__()
        self.answer = answer


def _read(environ: dict[str, Any]) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _reader(body: bytes) -> Any:
    import io

    return io.BytesIO(body)


def _send(start_response: Any, answer: Answer) -> list[bytes]:
    from http import HTTPStatus

    headers = [(k, v) for k, v in answer.headers.items() if k.lower() not in ("content-length", "status")]
    length = next((v for k, v in answer.headers.items() if k.lower() == "content-length"), None)
    # A HEAD answer names the length of what it leaves out.
    headers.append(("Content-Length", length if not answer.body and length else str(len(answer.body))))
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    start_response(f"{answer.status} {phrase}", headers)
    return [answer.body]


def _drop(call: Call) -> None:
    """Closes the connection without a word, as a network would."""
    connection: socket.socket = call.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut by the test")


def json_answer(value: Any, status: int = 200) -> Answer:
    """A JSON answer of the control endpoint."""
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
