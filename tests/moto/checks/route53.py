"""Route 53."""

from __future__ import annotations

from typing import Any

from selfcheck import Check


def zone(t: Check) -> tuple[Any, str]:
    """The client and a zone."""
    dns = t.client("route53", "us-east-1")
    made = dns.create_hosted_zone(Name="Example.com", CallerReference="once")
    t.equal((made["HostedZone"]["Name"], made["ChangeInfo"]["Status"]), ("example.com.", "PENDING"))
    return dns, made["HostedZone"]["Id"]


def change(dns: Any, ident: str, *changes: tuple[str, str, str]) -> dict[str, Any]:
    """A batch of changes of A records: action, name, value."""
    records = [
        {
            "Action": action,
            "ResourceRecordSet": {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]},
        }
        for action, name, value in changes
    ]
    return dns.change_resource_record_sets(HostedZoneId=ident, ChangeBatch={"Changes": records})["ChangeInfo"]


def names(dns: Any, ident: str) -> list[str]:
    """The names of all A records."""
    found = dns.list_resource_record_sets(HostedZoneId=ident)["ResourceRecordSets"]
    return [record["Name"] for record in found if record["Type"] == "A"]


def check_a_reference_makes_one_zone(t: Check) -> None:
    dns, _ = zone(t)
    t.refused("HostedZoneAlreadyExists", dns.create_hosted_zone, Name="other.com", CallerReference="once")


def check_changes_are_checked(t: Check) -> None:
    dns, ident = zone(t)
    bad = lambda *changes: t.refused("InvalidChangeBatch", lambda: change(dns, ident, *changes))  # noqa: E731
    change(dns, ident, ("CREATE", "WWW.example.com", "1.1.1.1"), ("CREATE", "*.example.com", "1.1.1.1"))
    t.equal(names(dns, ident), ["\\052.example.com.", "www.example.com."])
    bad(("CREATE", "www.example.com", "2.2.2.2"))
    bad(("CREATE", "new.example.com", "2.2.2.2"), ("CREATE", "www.example.com.", "2.2.2.2"))
    t.equal(names(dns, ident), ["\\052.example.com.", "www.example.com."])
    bad(("DELETE", "www.example.com", "9.9.9.9"))
    bad(("DELETE", "none.example.com", "1.1.1.1"))
    change(dns, ident, ("UPSERT", "www.example.com", "2.2.2.2"))
    t.refused("HostedZoneNotEmpty", dns.delete_hosted_zone, Id=ident)
    change(dns, ident, ("DELETE", "www.example.com", "2.2.2.2"), ("DELETE", "*.example.com", "1.1.1.1"))
    dns.delete_hosted_zone(Id=ident)


def check_changes_take_their_time(t: Check) -> None:
    dns, ident = zone(t)
    t.control("slow", describes=1)
    made = change(dns, ident, ("CREATE", "www.example.com", "1.1.1.1"))
    status = lambda: dns.get_change(Id=made["Id"])["ChangeInfo"]["Status"]  # noqa: E731
    t.equal([made["Status"], status(), status()], ["PENDING", "PENDING", "INSYNC"])


def check_aliases_are_canonical(t: Check) -> None:
    dns, ident = zone(t)
    target = {"HostedZoneId": "Z215JYRZR1TBD5", "DNSName": "Web-1.elb.amazonaws.com", "EvaluateTargetHealth": True}
    record = {"Name": "example.com", "Type": "A", "AliasTarget": target}
    dns.change_resource_record_sets(
        HostedZoneId=ident, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    read = dns.list_resource_record_sets(HostedZoneId=ident, StartRecordName="example.com", StartRecordType="A")
    t.equal(read["ResourceRecordSets"][0]["AliasTarget"]["DNSName"], "web-1.elb.amazonaws.com.")
