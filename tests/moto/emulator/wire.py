"""AWS requests and answers as data.

A request is taken apart by botocore's own service models (through moto's routers and parsers), and an answer is put
together again by moto's serializers, so that everything else here works on plain dictionaries and knows no protocol.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import botocore.parsers
import botocore.serialize
import cbor2
from botocore.model import ListShape, MapShape, StructureShape
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from werkzeug.test import run_wsgi_app

#: SigV4 signing names that differ from botocore's service names.
SERVICES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
CBOR_PATH = re.compile(r"^/service/[^/]+/operation/(\w+)$")
#: An access key that names the account it belongs to: one account per test, all in one server.
ACCOUNT_KEY = re.compile(r"^AKIACLEF(\d{12})$")

READ_ONLY = re.compile(r"^(Describe|List|Get|Head|Search|Lookup|BatchGet|Filter|Simulate|Test|Validate|Select)")


class AwsError(Exception):
    """An error as AWS answers it: `code` as on the wire."""

    def __init__(self, code: str, message: str, status: int = 400, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.code, self.message, self.status, self.headers = code, message, status, headers or {}


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Call:
    """One API call. `params` are the input's members as botocore names them."""

    service: str
    operation: str
    account: str
    region: str
    environ: dict[str, Any]
    body: bytes
    model: Any
    protocol: str
    cbor: bool = False
    uri_params: dict[str, Any] = field(default_factory=dict)
    _params: dict[str, Any] | None = None

    @property
    def mutating(self) -> bool:
        """Whether the call changes anything, by its name."""
        return not READ_ONLY.match(self.operation)

    @property
    def params(self) -> dict[str, Any]:
        """The input's members."""
        if self._params is None:
            self._params = self._parse()
        return self._params

    def _parse(self) -> dict[str, Any]:
        if self.cbor:
            return cbor2.loads(self.body) if self.body else {}
        request = self._request()
        parsed = PROTOCOL_PARSERS[self.protocol](self.model).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": self.body,
                "url_path": request.path,
                "url_params": self.uri_params,
            }
        )
        return {} if parsed is None else parsed

    def _request(self) -> Request:
        return Request({**self.environ, "wsgi.input": io.BytesIO(self.body)})

    # Answers.

    def answer(self, output: dict[str, Any]) -> Answer:
        """`output` as AWS would write it."""
        if self.cbor:
            data = _as_shape(output, self.model.output_shape) if self.model.output_shape else {}
            return self._cbor_answer(200, data)
        serializer = get_serializer_class(self.service, self.protocol)(operation_model=self.model)
        answer = serializer.serialize(output)
        body = answer["body"]
        return Answer(
            answer["status_code"],
            {"Content-Type": _content_type(self.protocol), **_request_id(), **answer["headers"]},
            body if isinstance(body, bytes) else body.encode(),
        )

    def error(self, error: AwsError) -> Answer:
        """`error` as AWS would write it."""
        request_id = _request_id()
        ident = request_id["x-amzn-RequestId"]
        code, message = escape(error.code), escape(error.message)
        if self.cbor:
            return self._cbor_answer(error.status, {"__type": error.code, "message": error.message})
        if self.protocol in ("json", "rest-json"):
            body = json.dumps({"__type": error.code, "message": error.message})
        elif self.protocol == "ec2":
            body = (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
                f"<RequestID>{ident}</RequestID></Response>"
            )
        elif self.service == "s3":
            body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{ident}</RequestId></Error>"
        else:
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                f"<RequestId>{ident}</RequestId></ErrorResponse>"
            )
        headers = {"Content-Type": _content_type(self.protocol), **request_id, **error.headers}
        if "json" in self.protocol:
            headers["x-amzn-ErrorType"] = error.code
        return Answer(error.status, headers, b"" if self.environ["REQUEST_METHOD"] == "HEAD" else body.encode())

    def _cbor_answer(self, status: int, data: dict[str, Any]) -> Answer:
        body = cbor2.dumps(data, datetime_as_timestamp=True, timezone=_utc())
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", **_request_id()}
        return Answer(status, headers, body)

    # Passing on to moto.

    def perform(self, app: Any, params: dict[str, Any] | None = None) -> Answer:
        """Lets moto answer, with other `params` when given."""
        environ, body = dict(self.environ), self.body
        if self.cbor or params is not None:
            body = self._rewrite(environ, self.params if params is None else params)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.account
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
        answer = Answer(int(status.split()[0]), dict(headers.items()), b"".join(chunks))
        if self.cbor:
            return self._to_cbor(answer)
        return answer

    def sibling(self, service: str, operation: str) -> Call:
        """Another call in the name of the same account and region, of a service that is called by query or JSON."""
        model = get_service_model(service)
        protocol = "json" if "json" in model.metadata.get("protocols", []) else str(model.protocol)
        signing = {own: aws for aws, own in SERVICES.items()}.get(service, service)
        environ = {
            name: value
            for name, value in self.environ.items()
            if name not in ("QUERY_STRING", "CONTENT_TYPE", "HTTP_X_AMZ_TARGET")
        }
        key = f"AKIACLEF{self.account}"
        environ |= {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "RAW_URI": "/",
            "REQUEST_URI": "/",
            "QUERY_STRING": "",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={key}/20260101/{self.region}/{signing}/aws4_request",
        }
        return Call(
            service=service,
            operation=operation,
            account=self.account,
            region=self.region,
            environ=environ,
            body=b"",
            model=model.operation_model(operation),
            protocol=protocol,
        )

    def _rewrite(self, environ: dict[str, Any], params: dict[str, Any]) -> bytes:
        protocol = "json" if self.cbor else self.protocol
        request = botocore.serialize.create_serializer(protocol, include_validation=False).serialize_to_request(
            params, self.model
        )
        body = request["body"]
        if isinstance(body, dict):
            from urllib.parse import urlencode

            body = urlencode(body)
        if isinstance(body, str):
            body = body.encode()
        if self.cbor:
            environ["PATH_INFO"] = environ["RAW_URI"] = environ["REQUEST_URI"] = "/"
        for name, value in request["headers"].items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return body

    def parsed(self, answer: Answer) -> dict[str, Any]:
        """The members of a good answer."""
        if self.cbor:
            return cbor2.loads(answer.body)
        return self._parse_answer(answer, self.protocol)

    def _parse_answer(self, answer: Answer, protocol: str) -> dict[str, Any]:
        parser = botocore.parsers.create_parser(protocol)
        raw = {"body": answer.body, "headers": _Headers(answer.headers), "status_code": answer.status}
        output = parser.parse(raw, self.model.output_shape)
        if answer.status < 300:
            output.pop("ResponseMetadata", None)
        return output

    def _to_cbor(self, answer: Answer) -> Answer:
        output = self._parse_answer(answer, "json")
        if answer.status < 300:
            return self.answer(output)
        error = output.get("Error", {})
        return self.error(AwsError(error.get("Code", "InternalFailure"), error.get("Message", ""), answer.status))


class _Headers(dict):
    """Headers as botocore's parsers want them: found whatever their case."""

    def __init__(self, headers: dict[str, str]):
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


def identify(environ: dict[str, Any], body: bytes) -> Call | None:
    """The call that an HTTP request makes; none when it is no signed request to a service that botocore knows."""
    match = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        return None
    key, region, service = match.groups()
    service = SERVICES.get(service, service)
    named = ACCOUNT_KEY.match(key)
    # moto knows whose the keys are that it has issued, such as those of a role in another account.
    account = environ.get("HTTP_X_MOTO_ACCOUNT_ID") or (named.group(1) if named else get_account_id_from(key))
    common = {"service": service, "account": account, "region": region, "environ": environ, "body": body}
    cbor = CBOR_PATH.match(environ.get("PATH_INFO", ""))
    try:
        model = get_service_model(service)
        if cbor and environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
            operation = model.operation_model(cbor.group(1))
            return Call(operation=operation.name, model=operation, protocol="smithy-rpc-v2-cbor", cbor=True, **common)
        request = Request({**environ, "wsgi.input": io.BytesIO(body)})
        operation, uri_params = get_service_router(service).match(request)
        protocol = determine_request_protocol(model, request.content_type)
    except Exception:  # noqa: BLE001 - whatever it is, moto is to answer it
        return None
    return Call(operation=operation.name, model=operation, protocol=protocol, uri_params=uri_params, **common)


def _as_shape(value: Any, shape: Any) -> Any:
    """Numbers in the CBOR type that the model names: a strict client refuses an integer where a double belongs."""
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        members = shape.members
        return {k: _as_shape(v, members[k]) for k, v in value.items() if k in members and v is not None}
    if isinstance(shape, ListShape):
        return [_as_shape(v, shape.member) for v in value]
    if isinstance(shape, MapShape):
        return {k: _as_shape(v, shape.value) for k, v in value.items()}
    if shape.type_name in ("double", "float"):
        return float(value)
    if shape.type_name in ("integer", "long"):
        return int(value)
    return value


def _content_type(protocol: str) -> str:
    return "application/x-amz-json-1.1" if "json" in protocol else "text/xml"


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}


def _utc() -> Any:
    from datetime import timezone

    return timezone.utc
