"""Route 53: zones and records."""

from __future__ import annotations

import random
import string
from datetime import datetime, timezone
from typing import Any

from .. import pace
from ..hooks import Context, after, before, instead
from ..wire import AwsError

#: Changes are known everywhere, so their pace is kept in one place.
REGION = "us-east-1"


def change_info(ctx: Context) -> dict[str, Any]:
    """A change that is still on its way, as every change is at first."""
    ident = "C" + "".join(random.choices(string.ascii_uppercase + string.digits, k=20))
    pace.begin(ctx, "route53_change", ident)
    return {"Id": f"/change/{ident}", "Status": "PENDING", "SubmittedAt": datetime.now(timezone.utc)}


@instead("route53", "GetChange")
def get_change(ctx: Context) -> dict[str, Any]:
    """INSYNC in time."""
    ident = ctx.params["Id"].split("/")[-1]
    transition = pace.look(ctx, "route53_change", ident)
    status = "PENDING" if transition is not None and transition.underway else "INSYNC"
    return {"ChangeInfo": {"Id": f"/change/{ident}", "Status": status, "SubmittedAt": datetime.now(timezone.utc)}}


def zone(ctx: Context, ident: str) -> Any:
    """moto's zone."""
    found = ctx.backend("route53", "aws").zones.get(ident.split("/")[-1])
    if found is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {ident.split('/')[-1]}", 404)
    return found


@before("route53", "CreateHostedZone")
def caller_reference(ctx: Context) -> dict[str, Any]:
    """A caller reference makes one zone, ever; names are kept in lower case."""
    reference = ctx.params["CallerReference"]
    if any(found.caller_reference == reference for found in ctx.backend("route53", "aws").zones.values()):
        raise AwsError("HostedZoneAlreadyExists", f"A hosted zone has already been created with the specified caller reference {reference}.", 409)
    return {**ctx.params, "Name": ctx.params["Name"].lower()}


@after("route53", "CreateHostedZone")
def created(ctx: Context, output: dict[str, Any]) -> None:
    """The zone's own records as AWS writes them."""
    made = zone(ctx, output["HostedZone"]["Id"])
    for record in made.rrsets:
        values = [value["Value"] if isinstance(value, dict) else value for value in record.records]
        record.records = [value if record.type == "SOA" or value.endswith(".") else f"{value}." for value in values]
    output["ChangeInfo"] = change_info(ctx)


def canonical(record: dict[str, Any]) -> dict[str, Any]:
    """A record as Route 53 keeps it: the name in lower case with its last dot, special characters in octal."""
    record = {**record, "Name": canonical_name(record["Name"])}
    if record.get("AliasTarget"):
        target = record["AliasTarget"]
        record["AliasTarget"] = {**target, "DNSName": canonical_name(target["DNSName"])}
    return record


def canonical_name(name: str) -> str:
    """See `canonical`."""
    name = name.lower().replace("*", "\\052")
    return name if name.endswith(".") else f"{name}."


def key(record: dict[str, Any]) -> tuple[str, str, str | None]:
    """What makes two records the same."""
    return (record["Name"], record["Type"], record.get("SetIdentifier"))


def content(record: dict[str, Any]) -> tuple[Any, ...]:
    """What a deletion has to repeat."""
    values = sorted(value["Value"] for value in record.get("ResourceRecords") or [])
    target = record.get("AliasTarget") or {}
    return (record.get("TTL"), values, target.get("DNSName"), target.get("HostedZoneId"), target.get("EvaluateTargetHealth"))


def stored(record: Any) -> dict[str, Any]:
    """One of moto's records as data."""
    return {
        "Name": record.name,
        "Type": record.type,
        "TTL": int(record.ttl) if record.ttl is not None else None,
        "ResourceRecords": [{"Value": value} for value in record.records or []],
        "SetIdentifier": record.set_identifier,
        "AliasTarget": record.alias_target,
    }


@instead("route53", "ChangeResourceRecordSets")
def change(ctx: Context) -> dict[str, Any]:
    """All or nothing; a creation is refused when the record exists, a deletion when it differs. moto checks neither
    reliably, and stops half-way."""
    found = zone(ctx, ctx.params["HostedZoneId"])
    now = {(r.name, r.type, r.set_identifier): stored(r) for r in found.rrsets}
    problems, steps = [], []
    for one in ctx.params["ChangeBatch"]["Changes"]:
        action, record = one["Action"], canonical(one["ResourceRecordSet"])
        name, kind = record["Name"], record["Type"]
        label = f"resource record set [name='{name}', type='{kind}']"
        if not name.endswith(found.name if name == found.name else f".{found.name}"):
            problems.append(f"RRSet with DNS name {name} is not permitted in zone {found.name}")
        elif action == "CREATE" and key(record) in now:
            problems.append(f"Tried to create {label} but it already exists")
        elif action == "DELETE" and key(record) not in now:
            problems.append(f"Tried to delete {label} but it was not found")
        elif action == "DELETE" and content(now[key(record)]) != content(record):
            problems.append(f"Tried to delete {label} but the values provided do not match the current values")
        elif action != "DELETE" and kind == "CNAME" and any(k[0] == name and k[1] != "CNAME" for k in now):
            problems.append(f"RRSet of type CNAME with DNS name {name} is not permitted as other records exist with the same DNS name")
        elif action == "DELETE":
            del now[key(record)]
            steps.append((action, record))
        else:
            now[key(record)] = record
            steps.append((action, record))
    if problems:
        raise AwsError("InvalidChangeBatch", f"[{', '.join(problems)}]")
    for action, record in steps:
        if action == "DELETE":
            found.rrsets = [r for r in found.rrsets if (r.name, r.type, r.set_identifier) != key(record)]
        else:
            values = [value["Value"] for value in record.get("ResourceRecords") or []]
            found.upsert_rrset({**record, "ResourceRecords": values})
    return {"ChangeInfo": change_info(ctx)}


@before("route53", "DeleteHostedZone")
def not_empty(ctx: Context) -> None:
    """Only the zone's own records may be left."""
    found = zone(ctx, ctx.params["Id"])
    if any(not (record.name == found.name and record.type in ("NS", "SOA")) for record in found.rrsets):
        raise AwsError(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
        )


@after("route53", "DeleteHostedZone")
def deleted(ctx: Context, output: dict[str, Any]) -> None:
    """A change, as any other."""
    output["ChangeInfo"] = change_info(ctx)
