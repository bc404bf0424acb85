"""EC2."""

from __future__ import annotations

from selfcheck import Check


def tags(kind: str) -> list[dict]:
    """A tag specification."""
    return [{"ResourceType": kind, "Tags": [{"Key": "owner", "Value": "me"}]}]


def check_cidr_blocks_are_canonical(t: Check) -> None:
    vpc = t.client("ec2").create_vpc(CidrBlock="10.0.0.7/16")["Vpc"]
    t.equal(vpc["CidrBlock"], "10.0.0.0/16")


def check_dry_run_does_nothing(t: Check) -> None:
    ec2 = t.client("ec2")
    t.refused("DryRunOperation", ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    t.equal(len(ec2.describe_vpcs()["Vpcs"]), 1)


def check_one_attribute_per_call(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, (subnet, _) = t.network()
    yes = {"Value": True}
    t.refused(
        "InvalidParameterCombination", ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsSupport=yes, EnableDnsHostnames=yes
    )
    t.refused(
        "InvalidParameterCombination",
        ec2.modify_subnet_attribute,
        SubnetId=subnet,
        MapPublicIpOnLaunch=yes,
        AssignIpv6AddressOnCreation=yes,
    )
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64=yes)
    shown = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    t.equal((shown["PrivateDnsNameOptionsOnLaunch"]["HostnameType"], shown["EnableDns64"]), ("resource-name", True))


def check_paging(t: Check) -> None:
    ec2 = t.client("ec2")
    t.network("abc")
    page = ec2.describe_subnets(MaxResults=5)
    t.equal(len(page["Subnets"]), 5)
    t.equal(len(ec2.describe_subnets(MaxResults=5, NextToken=page["NextToken"])["Subnets"]), 1)


def nat(t: Check, subnet: str, **more: object) -> tuple[str, str]:
    """A gateway and its address."""
    ec2 = t.client("ec2")
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip"))["AllocationId"]
    made = ec2.create_nat_gateway(
        SubnetId=subnet, AllocationId=address, TagSpecifications=tags("natgateway"), **more
    )["NatGateway"]
    t.equal(made["State"], "pending")
    return made["NatGatewayId"], address


def check_nat_gateways_are_found_by_tag(t: Check) -> None:
    ec2 = t.client("ec2")
    _, (subnet, _) = t.network()
    gateway, _ = nat(t, subnet)
    find = lambda value: ec2.describe_nat_gateways(Filters=[{"Name": "tag:owner", "Values": [value]}])["NatGateways"]  # noqa: E731
    t.equal([one["NatGatewayId"] for one in find("me")], [gateway])
    t.equal(find("you"), [])
    t.refused("NatGatewayNotFound", ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])
    kinds = {tag["ResourceType"] for tag in ec2.describe_tags()["Tags"]}
    t.equal(kinds, {"natgateway", "elastic-ip"})


def check_client_tokens_are_honoured(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, (subnet, other) = t.network()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    make = lambda where: ec2.create_nat_gateway(SubnetId=where, AllocationId=address, ClientToken="once")["NatGateway"]  # noqa: E731
    t.equal(make(subnet)["NatGatewayId"], make(subnet)["NatGatewayId"])
    t.equal(len(ec2.describe_nat_gateways()["NatGateways"]), 1)
    t.refused(
        "IdempotentParameterMismatch", ec2.create_nat_gateway, SubnetId=other, AllocationId=address, ClientToken="once"
    )
    table = lambda: ec2.create_route_table(VpcId=vpc, ClientToken="once")["RouteTable"]["RouteTableId"]  # noqa: E731
    t.equal(table(), table())


def check_nat_gateways_take_their_time(t: Check) -> None:
    ec2 = t.client("ec2")
    _, (subnet, _) = t.network()
    t.control("slow", describes=2)
    gateway, address = nat(t, subnet)
    state = lambda: ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"]  # noqa: E731
    t.equal([state() for _ in range(3)], ["pending", "pending", "available"])
    t.refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=address)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    t.equal([state() for _ in range(3)], ["deleting", "deleting", "deleted"])
    ec2.release_address(AllocationId=address)
    t.equal(ec2.describe_network_interfaces()["NetworkInterfaces"], [])


def check_nat_gateways_fail(t: Check) -> None:
    ec2 = t.client("ec2")
    _, (subnet, _) = t.network()
    t.control("fail", type="nat_gateway", code="InternalError", reason="ordered")
    gateway, address = nat(t, subnet)
    shown = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]
    t.equal((shown["State"], shown["FailureMessage"]), ("failed", "ordered"))
    second, _ = nat(t, subnet)
    third = ec2.create_nat_gateway(
        SubnetId=subnet,
        AllocationId=ec2.describe_nat_gateways(NatGatewayIds=[second])["NatGateways"][0]["NatGatewayAddresses"][0][
            "AllocationId"
        ],
    )["NatGateway"]["NatGatewayId"]
    shown = ec2.describe_nat_gateways(NatGatewayIds=[third])["NatGateways"][0]
    t.equal((shown["State"], shown["FailureCode"]), ("failed", "Resource.AlreadyAssociated"))
    ec2.release_address(AllocationId=address)


def check_what_is_used_cannot_be_deleted(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, (subnet, _) = t.network()
    igw = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["InternetGateways"]
    gateway, _ = nat(t, subnet)
    t.refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    t.refused(
        "DependencyViolation",
        ec2.detach_internet_gateway,
        InternetGatewayId=igw[0]["InternetGatewayId"],
        VpcId=vpc,
    )
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet)
    used = ec2.create_security_group(GroupName="used", Description="d", VpcId=vpc)["GroupId"]
    user = ec2.create_security_group(GroupName="user", Description="d", VpcId=vpc)["GroupId"]
    pair = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": used}]}]
    ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=pair)
    t.refused("DependencyViolation", ec2.delete_security_group, GroupId=used)
    ec2.revoke_security_group_ingress(GroupId=user, IpPermissions=pair)
    ec2.delete_security_group(GroupId=used)
    t.refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)


def check_security_group_rules(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, _ = t.network()
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    t.refused("InvalidGroup.Duplicate", ec2.create_security_group, GroupName="WEB", Description="d", VpcId=vpc)
    permissions = [
        {
            "IpProtocol": "6",
            "FromPort": 80,
            "ToPort": 80,
            "UserIdGroupPairs": [{"GroupId": group, "Description": "self"}],
        },
        {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "10.0.0.9/24"}]},
    ]
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)["SecurityGroupRules"]
    t.equal([(r["IpProtocol"], r.get("Description")) for r in made], [("tcp", "self"), ("-1", None)])
    t.equal(made[1]["CidrIpv4"], "10.0.0.0/24")
    both = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "1.1.1.1/32"}]}, permissions[0]]
    t.refused(
        "InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=both
    )
    mine = lambda: [  # noqa: E731
        rule
        for rule in ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
            "SecurityGroupRules"
        ]
        if not rule["IsEgress"]
    ]
    t.equal(len(mine()), 2)
    block = next(rule for rule in mine() if "CidrIpv4" in rule)["SecurityGroupRuleId"]
    wanted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {"SecurityGroupRuleId": block, "SecurityGroupRule": {**wanted, "CidrIpv4": "10.2.0.0/16", "Description": "n"}}
        ],
    )
    changed = next(rule for rule in mine() if rule["SecurityGroupRuleId"] == block)
    t.equal((changed["CidrIpv4"], changed["FromPort"], changed["Description"]), ("10.2.0.0/16", 443, "n"))
    t.refused(
        "InvalidParameterValue",
        ec2.modify_security_group_rules,
        GroupId=group,
        SecurityGroupRules=[{"SecurityGroupRuleId": block, "SecurityGroupRule": {**wanted, "ReferencedGroupId": group}}],
    )
    t.refused(
        "InvalidSecurityGroupRuleId.NotFound",
        ec2.revoke_security_group_ingress,
        GroupId=group,
        SecurityGroupRuleIds=["sgr-0123456789abcdef0"],
    )


def check_launch_template_versions(t: Check) -> None:
    ec2 = t.client("ec2")
    data = {"InstanceType": "t3.micro", "UserData": "aGVsbG8="}
    made = ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData=data, TagSpecifications=tags("launch-template")
    )["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_launch_template_version(
        LaunchTemplateId=made, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.small"}
    )
    read = lambda **more: ec2.describe_launch_template_versions(LaunchTemplateId=made, **more)["LaunchTemplateVersions"]  # noqa: E731
    t.equal([v["LaunchTemplateData"] for v in read()], [data, {**data, "InstanceType": "t3.small"}])
    for _ in range(20):
        ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData={"InstanceType": "t3.large"})
    t.equal(len(read()), 22)
    gone = ec2.delete_launch_template_versions(LaunchTemplateId=made, Versions=["1", "5"])
    t.equal(len(gone["SuccessfullyDeletedLaunchTemplateVersions"]), 1)
    t.equal(len(gone["UnsuccessfullyDeletedLaunchTemplateVersions"]), 1)
    t.equal(len(read()), 21)
    t.equal(len(ec2.describe_launch_template_versions(Versions=["$Latest", "$Default"])["LaunchTemplateVersions"]), 2)


def check_canonical_images(t: Check) -> None:
    ec2, ssm = t.client("ec2"), t.client("ssm")
    found = ec2.describe_images(
        Owners=["099720109477"],
        Filters=[{"Name": "name", "Values": ["ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"]}],
    )["Images"]
    newest = max(found, key=lambda image: image["CreationDate"])["ImageId"]
    name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/{}/hvm/ebs-gp2/ami-id"
    t.equal(ssm.get_parameter(Name=name.format("amd64"))["Parameter"]["Value"], newest)
    arm = ssm.get_parameters(Names=[name.format("arm64")])["Parameters"][0]["Value"]
    t.equal(ec2.describe_images(ImageIds=[arm])["Images"][0]["Architecture"], "arm64")


def check_route_tables(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, (subnet, _) = t.network()
    first, second = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in "ab")
    ec2.associate_route_table(RouteTableId=first, SubnetId=subnet)
    t.refused("Resource.AlreadyAssociated", ec2.associate_route_table, RouteTableId=second, SubnetId=subnet)
    everywhere = {"RouteTableId": second, "DestinationCidrBlock": "0.0.0.0/0"}
    t.refused("InvalidNatGatewayID.NotFound", ec2.create_route, **everywhere, NatGatewayId="nat-0123456789abcdef0")
    main = ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]["RouteTableId"]
    t.refused("DependencyViolation", ec2.delete_route_table, RouteTableId=main)
    gateway, _ = nat(t, subnet)
    ec2.create_route(**everywhere, NatGatewayId=gateway)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    routes = ec2.describe_route_tables(RouteTableIds=[second])["RouteTables"][0]["Routes"]
    t.equal([route["State"] for route in routes if route.get("NatGatewayId")], ["blackhole"])


def check_gateway_endpoints(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, _ = t.network()
    first, second = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in "ab")
    make = {"VpcId": vpc, "ServiceName": "com.amazonaws.eu-central-1.s3", "RouteTableIds": [first]}
    made = ec2.create_vpc_endpoint(**make, ClientToken="once")["VpcEndpoint"]
    t.equal(ec2.create_vpc_endpoint(**make, ClientToken="once")["VpcEndpoint"]["VpcEndpointId"], made["VpcEndpointId"])
    t.equal(made["PrivateDnsEnabled"], False)
    t.refused("RouteAlreadyExists", ec2.create_vpc_endpoint, **make)
    ident = made["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=ident, AddRouteTableIds=[second], RemoveRouteTableIds=[first])
    lists = lambda table: [  # noqa: E731
        route
        for route in ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        if "DestinationPrefixListId" in route
    ]
    t.equal((len(lists(first)), len(lists(second))), (0, 1))
    ec2.modify_vpc_endpoint(VpcEndpointId=ident, PolicyDocument="{}")
    ec2.modify_vpc_endpoint(VpcEndpointId=ident, ResetPolicy=True)
    t.equal(ec2.describe_vpc_endpoints()["VpcEndpoints"][0]["PolicyDocument"], made["PolicyDocument"])
    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[ident, "vpce-0123456789abcdef0"])
    t.equal([one["ResourceId"] for one in answer["Unsuccessful"]], ["vpce-0123456789abcdef0"])
    t.equal((ec2.describe_vpc_endpoints()["VpcEndpoints"], lists(second)), ([], []))


def check_interface_endpoints(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, subnets = t.network()
    make = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{t.REGION}.ssm", "VpcEndpointType": "Interface"}
    made = ec2.create_vpc_endpoint(**make, SubnetIds=subnets, PrivateDnsEnabled=True)["VpcEndpoint"]
    shown = lambda: ec2.describe_vpc_endpoints()["VpcEndpoints"][0]  # noqa: E731
    t.equal((shown()["IpAddressType"], [group["GroupName"] for group in shown()["Groups"]]), ("ipv4", ["default"]))
    names = {"DnsRecordIpType": "dualstack"}
    ident = made["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=ident, PrivateDnsEnabled=False, IpAddressType="dualstack", DnsOptions=names)
    now = shown()
    t.equal((now["PrivateDnsEnabled"], now["IpAddressType"], now["DnsOptions"]), (False, "dualstack", names))
    lists = ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{t.REGION}.s3"]}]
    )["PrefixLists"]
    t.equal([one["PrefixListName"] for one in lists], [f"com.amazonaws.{t.REGION}.s3"])


def check_flow_logs_in_buckets(t: Check) -> None:
    ec2 = t.client("ec2")
    vpc, _ = t.network()
    t.client("s3", "us-east-1").create_bucket(Bucket="flows")
    options = {"FileFormat": "parquet", "HiveCompatiblePartitions": False, "PerHourPartition": True}
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows",
        DestinationOptions=options,
    )
    t.equal(ec2.describe_flow_logs()["FlowLogs"][0]["DestinationOptions"], options)
