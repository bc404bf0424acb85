"""EC2: route tables, and the gateway endpoints in them."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint

from ..echo import Echo
from ..hooks import Context, after, before, instead
from ..wire import AwsError
from .ec2_requests import matches


@before("ec2", "AssociateRouteTable")
def one_table_per_subnet(ctx: Context) -> None:
    """A subnet has one table; moto answers with the association it has, of whatever table."""
    subnet, wanted = ctx.params.get("SubnetId"), ctx.params["RouteTableId"]
    for table in ctx.backend().route_tables.values():
        if subnet is not None and subnet in table._associations.values() and table.id != wanted:
            raise AwsError(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {wanted} conflicts with an existing association",
            )


@before("ec2", "DeleteRouteTable")
def main_table(ctx: Context) -> None:
    """The main table goes with its VPC only."""
    table = ctx.backend().get_route_table(ctx.params["RouteTableId"])
    if table.main_association_id is not None:
        raise AwsError("DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted.")


@before("ec2", "CreateRoute", "ReplaceRoute")
def target(ctx: Context) -> None:
    """The target has to be there; moto does not look for NAT gateways."""
    wanted = ctx.params.get("NatGatewayId")
    if wanted is None:
        return
    gateway = ctx.backend().nat_gateways.get(wanted)
    if gateway is None or gateway.state == "deleted":
        raise AwsError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{wanted}' does not exist")


@after("ec2", "DescribeRouteTables")
def black_holes(ctx: Context, output: dict[str, Any]) -> None:
    """A route to a gateway that is gone leads nowhere."""
    gateways = ctx.backend().nat_gateways
    for table in output.get("RouteTables", []):
        for route in table.get("Routes", []):
            gateway = gateways.get(route.get("NatGatewayId"))
            if gateway is not None and gateway.state == "deleted":
                route["State"] = "blackhole"


# Gateway endpoints.


def endpoint(ctx: Context, ident: str) -> Any:
    """moto's endpoint."""
    found = ctx.backend().vpc_end_points.get(ident)
    return None if found is None or found.state == "deleted" else found


def gateway_like(found: Any) -> bool:
    """Whether an endpoint lives in route tables."""
    return (found.vpc_endpoint_type or "Gateway").lower() == "gateway"


def one_per_table(ctx: Context, tables: list[str], prefix_list: str | None, own: str | None = None) -> None:
    """A table holds one endpoint per service; moto takes any number."""
    for other in ctx.backend().vpc_end_points.values():
        if other.state == "deleted" or other.id == own or other.destination_prefix_list_id != prefix_list:
            continue
        for table in tables:
            if table in other.route_table_ids:
                raise AwsError(
                    "RouteAlreadyExists",
                    f"route table {table} already has a route with destination-prefix-list-id {prefix_list}",
                )


@before("ec2", "CreateVpcEndpoint")
def create_endpoint(ctx: Context) -> dict[str, Any]:
    """See `one_per_table`; a repeated token is no second endpoint. moto cannot delete one without a type."""
    params, backend = {"VpcEndpointType": "Gateway", **ctx.params}, ctx.backend()
    repeated = ("CreateVpcEndpoint", params.get("ClientToken")) in ctx.store("tokens")
    if params["VpcEndpointType"] == "Gateway" and not repeated:
        lists = [p.id for p in backend.managed_prefix_lists.values() if p.prefix_list_name == params["ServiceName"]]
        one_per_table(ctx, params.get("RouteTableIds") or [], lists[0] if lists else None)
    return params


@after("ec2", "CreateVpcEndpoint", "DescribeVpcEndpoints")
def shown_endpoints(ctx: Context, output: dict[str, Any]) -> None:
    """Endpoints that are gone are not shown for long, and a gateway has no private names."""
    if "VpcEndpoints" in output:
        output["VpcEndpoints"] = [one for one in output["VpcEndpoints"] if one["State"] != "deleted"]
        if ctx.params.get("VpcEndpointIds") and not output["VpcEndpoints"]:
            ident = ctx.params["VpcEndpointIds"][0]
            raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{ident}' does not exist")
    for one in output["VpcEndpoints"] if "VpcEndpoints" in output else [output["VpcEndpoint"]]:
        one.setdefault("VpcEndpointType", "Gateway")
        if one["VpcEndpointType"] == "Gateway":
            one["PrivateDnsEnabled"] = False


@before("ec2", "ModifyVpcEndpoint")
def modify_endpoint(ctx: Context) -> dict[str, Any] | None:
    """The routes follow the tables, and the policy can be reset; moto does neither."""
    params, backend = ctx.params, ctx.backend()
    found = endpoint(ctx, params["VpcEndpointId"])
    if found is None:
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{params['VpcEndpointId']}' does not exist")
    if params.get("ResetPolicy"):
        found.policy_document = type(found)(backend, "", "", "", None, None, []).policy_document
    if not gateway_like(found) or found.destination_prefix_list_id is None:
        return None
    more = [table for table in params.get("AddRouteTableIds") or [] if table not in found.route_table_ids]
    one_per_table(ctx, more, found.destination_prefix_list_id, found.id)
    for table in more:
        backend.create_route(
            table, None, destination_prefix_list_id=found.destination_prefix_list_id, gateway_id=found.id
        )
    for table in params.get("RemoveRouteTableIds") or []:
        if table in found.route_table_ids:
            backend.delete_route(table, found.destination_prefix_list_id)
    return None


@instead("ec2", "DeleteVpcEndpoints")
def delete_endpoints(ctx: Context) -> dict[str, Any]:
    """What is not there is told inside a good answer; moto tells nothing."""
    idents = ctx.params["VpcEndpointIds"]
    known = [ident for ident in idents if endpoint(ctx, ident) is not None]
    if known:
        ctx.perform({**ctx.params, "VpcEndpointIds": known})
    problem = {"Code": "InvalidVpcEndpoint.NotFound", "Message": "The Vpc Endpoint Id does not exist"}
    return {"Unsuccessful": [{"ResourceId": ident, "Error": problem} for ident in idents if ident not in known]}


@after("ec2", "DescribeFlowLogs")
def delivered(ctx: Context, output: dict[str, Any]) -> None:
    """Delivery succeeds when role and group are there; moto says that it fails."""
    roles = {role.arn for role in ctx.backend("iam", "aws").roles.values()}
    for log in output.get("FlowLogs", []):
        if log.get("DeliverLogsPermissionArn") in roles:
            log["DeliverLogsStatus"] = "SUCCESS"
            log.pop("DeliverLogsErrorMessage", None)


#: moto drops how objects in a bucket are written.
Echo(
    "ec2",
    create="CreateFlowLogs",
    describe="DescribeFlowLogs",
    members=("DestinationOptions",),
    identity=lambda params, output: (output.get("FlowLogIds") or [""])[0],
    items=lambda output: [(one["FlowLogId"], one) for one in output.get("FlowLogs", [])],
)


@after("ec2", "CreateVpcEndpoint", "ModifyVpcEndpoint")
def endpoint_addresses(ctx: Context, output: dict[str, Any]) -> None:
    """moto drops the families of an interface's addresses and names, and does not change whether it has private names."""
    params = ctx.params
    ident = params.get("VpcEndpointId") or output["VpcEndpoint"]["VpcEndpointId"]
    found = endpoint(ctx, ident)
    if params.get("PrivateDnsEnabled") is not None:
        found.private_dns_enabled = params["PrivateDnsEnabled"]
    if gateway_like(found):
        return
    kept = ctx.store("endpoint addresses").setdefault(ident, {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}})
    if params.get("IpAddressType"):
        kept["IpAddressType"] = params["IpAddressType"]
    kept["DnsOptions"] = {**kept["DnsOptions"], **(params.get("DnsOptions") or {})}
    # An interface without a group has that of the VPC.
    if not found.security_group_ids:
        found.security_group_ids = [ctx.backend().get_default_security_group(found.vpc_id).id]
    if "VpcEndpoint" in output:
        output["VpcEndpoint"].update(kept)


@after("ec2", "DescribeVpcEndpoints")
def shown_addresses(ctx: Context, output: dict[str, Any]) -> None:
    """See `endpoint_addresses`."""
    for one in output["VpcEndpoints"]:
        one.update(ctx.store("endpoint addresses").get(one["VpcEndpointId"], {}))


_endpoint_filter = VPCEndPoint.get_filter_value


def _endpoint_filter_value(self: VPCEndPoint, filter_name: str, method_name: str | None = None) -> Any:
    """moto knows few of the filters."""
    known = {"vpc-endpoint-id": self.id, "vpc-id": self.vpc_id, "service-name": self.service_name}
    return known[filter_name] if filter_name in known else _endpoint_filter(self, filter_name, method_name)


VPCEndPoint.get_filter_value = _endpoint_filter_value


@instead("ec2", "DescribePrefixLists")
def prefix_lists(ctx: Context) -> dict[str, Any]:
    """The lists of AWS's own services; moto has them as managed lists only."""
    lists = [
        {"PrefixListId": one.id, "PrefixListName": one.prefix_list_name, "Cidrs": []}
        for one in ctx.backend().managed_prefix_lists.values()
        if one.prefix_list_name.startswith("com.amazonaws.")
    ]
    named = lambda one: {"prefix-list-id": one["PrefixListId"], "prefix-list-name": one["PrefixListName"]}  # noqa: E731
    return {"PrefixLists": [one for one in lists if matches(one, ctx.params.get("Filters") or [], named(one))]}
