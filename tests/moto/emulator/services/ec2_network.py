"""EC2: VPC, subnet, internet gateway, elastic IP, NAT gateway."""

from __future__ import annotations

from typing import Any

from .. import pace
from ..hooks import Context, after, before, instead
from ..wire import AwsError
from .ec2_requests import honour_client_token, matches

VPC_SWITCHES = ("EnableDnsSupport", "EnableDnsHostnames", "EnableNetworkAddressUsageMetrics")


def one_attribute(ctx: Context, identity: str) -> None:
    """AWS takes one attribute per call; moto takes any number."""
    given = [name for name in ctx.params if name not in (identity, "DryRun")]
    if len(given) > 1:
        raise AwsError("InvalidParameterCombination", f"Fields for multiple attribute types specified: {given}")


@before("ec2", "ModifyVpcAttribute")
def one_vpc_attribute(ctx: Context) -> None:
    """One attribute per call, and host names need DNS support."""
    one_attribute(ctx, "VpcId")
    vpc = ctx.backend().get_vpc(ctx.params["VpcId"])
    if (ctx.params.get("EnableDnsHostnames") or {}).get("Value") and not vpc.enable_dns_support:
        raise AwsError("InvalidParameterValue", "EnableDnsHostnames needs EnableDnsSupport")


@before("ec2", "ModifySubnetAttribute")
def one_subnet_attribute(ctx: Context) -> None:
    """One attribute per call; moto forgets some of them."""
    one_attribute(ctx, "SubnetId")
    subnet = ctx.backend().get_subnet(ctx.params["SubnetId"])
    options = subnet.private_dns_name_options_on_launch
    value = lambda name: (ctx.params.get(name) or {}).get("Value")  # noqa: E731
    if "PrivateDnsHostnameTypeOnLaunch" in ctx.params:
        options["HostnameType"] = ctx.params["PrivateDnsHostnameTypeOnLaunch"]
    if value("EnableResourceNameDnsAAAARecordOnLaunch") is not None:
        options["EnableResourceNameDnsAAAARecord"] = value("EnableResourceNameDnsAAAARecordOnLaunch")
    if value("EnableDns64") is not None:
        ctx.store("dns64")[subnet.id] = value("EnableDns64")


@after("ec2", "DescribeSubnets")
def subnet_dns64(ctx: Context, output: dict[str, Any]) -> None:
    """moto lacks the attribute."""
    for subnet in output.get("Subnets", []):
        subnet["EnableDns64"] = ctx.store("dns64").get(subnet["SubnetId"], False)


# What is in use cannot be deleted; moto checks little of it.


def in_use(what: str, why: str) -> AwsError:
    """AWS's answer to the deletion of what is still in use."""
    return AwsError("DependencyViolation", f"resource {what} has a dependent object: {why}")


def live_interfaces(ctx: Context) -> list[Any]:
    """Network interfaces but those of instances that are gone."""
    enis = ctx.backend("ec2").enis.values()
    return [eni for eni in enis if not (eni.instance and eni.instance._state.name == "terminated")]


@before("ec2", "DeleteSubnet")
def subnet_in_use(ctx: Context) -> None:
    """AWS refuses while anything has an address in the subnet."""
    subnet = ctx.params["SubnetId"]
    ctx.backend().get_subnet(subnet)
    for eni in live_interfaces(ctx):
        if eni.subnet.id == subnet:
            raise in_use(subnet, eni.id)
    for balancer in ctx.backend("elbv2").load_balancers.values():
        if subnet in [s.id for s in balancer.subnets]:
            raise in_use(subnet, balancer.name)
    linger(ctx, "subnet", subnet)
    for database in ctx.backend("rds").databases.values():
        group = getattr(database, "db_subnet_group", None)
        if group is not None and subnet in [s.id for s in group._subnets]:
            raise in_use(subnet, database.db_instance_identifier)


@before("ec2", "DeleteVpc")
def vpc_in_use(ctx: Context) -> None:
    """AWS refuses for gateways, groups and endpoints too; moto only for subnets and route tables."""
    vpc, backend = ctx.params["VpcId"], ctx.backend()
    backend.get_vpc(vpc)
    for gateway in backend.internet_gateways.values():
        if gateway.vpc is not None and gateway.vpc.id == vpc:
            raise in_use(vpc, gateway.id)
    for group in backend.groups.get(vpc, {}).values():
        if group.name != "default":
            raise in_use(vpc, group.id)
    for endpoint in backend.vpc_end_points.values():
        if endpoint.vpc_id == vpc and endpoint.state != "deleted":
            raise in_use(vpc, endpoint.id)


@before("ec2", "DetachInternetGateway")
def gateway_in_use(ctx: Context) -> None:
    """AWS refuses while the VPC has mapped public addresses."""
    vpc = ctx.params["VpcId"]
    for address in ctx.backend().addresses:
        if address.eni is not None and address.eni.vpc_id == vpc:
            raise AwsError(
                "DependencyViolation",
                f"Network {vpc} has some mapped public address(es). Please unmap those before detaching the gateway.",
            )
    for balancer in ctx.backend("elbv2").load_balancers.values():
        if balancer.vpc_id == vpc and balancer.scheme == "internet-facing":
            raise AwsError("DependencyViolation", f"Network {vpc} has some mapped public address(es): {balancer.name}")


@before("ec2", "ReleaseAddress")
def address_in_use(ctx: Context) -> None:
    """AWS refuses while the address is associated; moto takes it away from its user."""
    finish_deletions(ctx)
    allocation = ctx.params.get("AllocationId")
    for address in ctx.backend().addresses:
        if address.allocation_id == allocation and address.association_id:
            raise AwsError("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


def linger(ctx: Context, kind: str, ident: str) -> None:
    """Interfaces of load balancers and databases outlive them for a while, and hold subnets and groups."""
    if pace.look(ctx, f"{kind}_interface", ident) is not None:
        raise in_use(ident, "a network interface of a service that is just being deleted")


def begin_linger(ctx: Context, subnets: list[str], groups: list[str]) -> None:
    """Lets the interfaces of a deleted thing linger, in the slow mode."""
    for kind, idents in (("subnet", subnets), ("security_group", groups)):
        for ident in idents:
            if ctx.account.slow:
                ctx.store("pace")[f"{kind}_interface", ident] = pace.Transition(ctx.account.slow)


# NAT gateways.


@instead("ec2", "CreateNatGateway")
def create_nat_gateway(ctx: Context) -> dict[str, Any]:
    """AWS creates a gateway that is bound to fail, and lets it fail: moto refuses or accepts."""
    backend, params = ctx.backend(), ctx.params
    token = params.get("ClientToken")
    repeated = (ctx.call.operation, token) in ctx.store("tokens")
    subnet = backend.get_subnet(params["SubnetId"])
    failure = None
    if params.get("ConnectivityType", "public") == "public":
        if not params.get("AllocationId"):
            raise AwsError("MissingParameter", "The request must contain the parameter AllocationId")
        address = backend.address_by_allocation([params["AllocationId"]])[0]
        if address.association_id:
            failure = ("Resource.AlreadyAssociated", f"Elastic IP address [{address.allocation_id}] is already associated")
        elif not any(g.vpc is not None and g.vpc.id == subnet.vpc_id for g in backend.internet_gateways.values()):
            failure = ("Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached")
    made = params
    if failure is not None:
        # Born private, so that it takes no address, and then made to look as it was asked for.
        made = {k: v for k, v in params.items() if k != "AllocationId"} | {"ConnectivityType": "private"}
    output = honour_client_token(ctx, made)
    ident = output["NatGateway"]["NatGatewayId"]
    gateway = backend.nat_gateways[ident]
    if repeated:
        return {"ClientToken": token, "NatGateway": shown(ctx, gateway_output(ctx, ident), count=False)}
    gateway.connectivity_type = params.get("ConnectivityType", "public")
    gateway._eni.interface_type = "nat_gateway"
    gateway._eni.description = f"Interface for NAT Gateway {ident}"
    # moto makes two interfaces for one gateway.
    keep = gateway.address_set[0]["networkInterfaceId"]
    for eni in list(backend.enis.values()):
        if eni.subnet.id == gateway.subnet_id and eni.private_ip_address == gateway.private_ip and eni.id != keep:
            backend.enis.pop(eni.id)
    transition = pace.begin(ctx, "nat_gateway", ident)
    if failure is not None:
        transition = transition or pace.Transition(0)
        transition.failure = {"code": failure[0], "reason": failure[1]}
        ctx.store("pace")["nat_gateway", ident] = transition
    if transition is not None and transition.failure is not None:
        free(backend, gateway)
    answer = gateway_output(ctx, ident)
    # However fast, the answer to the creation says pending.
    answer["State"] = "pending"
    return {"ClientToken": token, "NatGateway": answer}


@instead("ec2", "DescribeNatGateways")
def describe_nat_gateways(ctx: Context) -> dict[str, Any]:
    """moto knows no filter by tag, and no missing gateway."""
    finish_deletions(ctx)
    backend, params = ctx.backend(), ctx.params
    idents = params.get("NatGatewayIds") or list(backend.nat_gateways)
    for ident in idents:
        if ident not in backend.nat_gateways:
            raise AwsError("NatGatewayNotFound", f"The Nat Gateway {ident} was not found")
    found = [shown(ctx, gateway_output(ctx, ident)) for ident in idents]
    keep = [
        gateway
        for gateway in found
        if matches(
            gateway,
            params.get("Filters") or params.get("Filter") or [],
            {
                "state": gateway["State"],
                "vpc-id": gateway["VpcId"],
                "subnet-id": gateway["SubnetId"],
                "nat-gateway-id": gateway["NatGatewayId"],
            },
        )
    ]
    return {"NatGateways": keep}


@instead("ec2", "DeleteNatGateway")
def delete_nat_gateway(ctx: Context) -> dict[str, Any]:
    """AWS frees address and interface only when the gateway is gone; moto never frees the interface."""
    backend, ident = ctx.backend(), ctx.params["NatGatewayId"]
    gateway = backend.nat_gateways.get(ident)
    if gateway is None:
        raise AwsError("NatGatewayNotFound", f"The Nat Gateway {ident} was not found")
    if gateway.state != "deleted" and pace.peek(ctx, "nat_gateway_end", ident) is None:
        ctx.store("pace").pop(("nat_gateway", ident), None)
        if pace.begin(ctx, "nat_gateway_end", ident) is None:
            bury(backend, gateway)
    return {"NatGatewayId": ident}


def finish_deletions(ctx: Context) -> None:
    """One look at the gateways that are being deleted: those whose time has come are gone."""
    backend = ctx.backend()
    for ident in pace.of(ctx, "nat_gateway_end"):
        if pace.look(ctx, "nat_gateway_end", ident) is None:
            bury(backend, backend.nat_gateways[ident])


def bury(backend: Any, gateway: Any) -> None:
    """Frees what the gateway held; it stays visible as deleted, as on AWS."""
    gateway.state = "deleted"
    free(backend, gateway)


def free(backend: Any, gateway: Any) -> None:
    """Frees the address and the interface of a gateway that is gone or has failed."""
    for address in backend.addresses:
        if address.eni is not None and address.eni.id == gateway._eni.id:
            address.eni.public_ip = None
            address.eni = address.association_id = None
    backend.enis.pop(gateway._eni.id, None)


def gateway_output(ctx: Context, ident: str) -> dict[str, Any]:
    """The gateway as DescribeNatGateways writes it."""
    gateway = ctx.backend().nat_gateways[ident]
    address = gateway.address_set[0]
    names = ("allocationId", "networkInterfaceId", "privateIp", "publicIp", "associationId")
    shown_address = {name[0].upper() + name[1:]: address[name] for name in names if address.get(name)}
    return {
        "CreateTime": gateway.create_time,
        "NatGatewayAddresses": [{**shown_address, "IsPrimary": True, "Status": "succeeded"}],
        "NatGatewayId": ident,
        "State": gateway.state,
        "SubnetId": gateway.subnet_id,
        "VpcId": gateway.vpc_id,
        "ConnectivityType": gateway.connectivity_type or "public",
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in gateway.get_tags()],
    }


def shown(ctx: Context, gateway: dict[str, Any], count: bool = True) -> dict[str, Any]:
    """The gateway in the state it is shown in."""
    ident = gateway["NatGatewayId"]
    if pace.peek(ctx, "nat_gateway_end", ident) is not None:
        return {**gateway, "State": "deleting"}
    transition = (pace.look if count else pace.peek)(ctx, "nat_gateway", ident)
    if gateway["State"] == "deleted" or transition is None:
        return gateway
    if transition.underway:
        return {**gateway, "State": "pending"}
    failure = transition.failure or {}
    return {
        **gateway,
        "State": "failed",
        "FailureCode": failure.get("code", "InternalError"),
        "FailureMessage": failure.get("reason", ""),
    }
