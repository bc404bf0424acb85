# One function for each line of ClefCloud's architecture (docs/clefcloud.md), read back from AWS with boto3.
# `env` is the environment at hand; a line holds when its function returns without an AssertionError.


def same(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


def only(found):
    found = list(found)
    assert len(found) == 1, f"{len(found)} things instead of one: {found!r}"
    return found[0]


def pages(service, operation, member, region=None, **parameters):
    api = client(service, region)
    if not api.can_paginate(operation):
        return getattr(api, operation)(**parameters)[member]
    return [item for page in api.get_paginator(operation).paginate(**parameters) for item in page.get(member) or []]


def mine(env):
    return [{"Name": "tag:clefctl:stack", "Values": [f"clefcloud/{env}"]}]


def prod(env):
    return env == "prod"


def tags(items):
    return {tag["Key"]: tag["Value"] for tag in items or []}


def address(items):
    return tags(items).get("clefctl:resource", "")


def named(items, resource):
    return only(item for item in items if address(item.get("Tags")) == resource)


def vpc(env):
    return only(client("ec2").describe_vpcs(Filters=mine(env))["Vpcs"])


def subnets(env, name):
    found = client("ec2").describe_subnets(Filters=mine(env))["Subnets"]
    return [subnet for subnet in found if address(subnet["Tags"]).startswith(f"subnet/{name}/")]


def route_table(env, name):
    return named(client("ec2").describe_route_tables(Filters=mine(env))["RouteTables"], f"route_table/{name}")


def security_group(env, name):
    groups = client("ec2").describe_security_groups(Filters=mine(env))["SecurityGroups"]
    return named(groups, f"security_group/{name}")


def group(env):
    groups = pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
    return only(g for g in groups if tags(g["Tags"]).get("clefctl:stack") == f"clefcloud/{env}")


def template(env):
    found = group(env)["LaunchTemplate"]
    versions = client("ec2").describe_launch_template_versions(
        LaunchTemplateId=found["LaunchTemplateId"], Versions=[found["Version"]]
    )
    return versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def user_data(env):
    import base64

    return base64.b64decode(template(env)["UserData"]).decode()


def balancer(env):
    return only(
        lb for lb in pages("elbv2", "describe_load_balancers", "LoadBalancers")
        if lb["LoadBalancerName"].startswith(f"clefcloud-{env}-")
    )


def target_group(env):
    return only(pages("elbv2", "describe_target_groups", "TargetGroups", LoadBalancerArn=balancer(env)["LoadBalancerArn"]))


def listeners(env):
    found = pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer(env)["LoadBalancerArn"])
    return {listener["Port"]: listener for listener in found}


def databases(env):
    found = pages("rds", "describe_db_instances", "DBInstances")
    return {db["DBInstanceIdentifier"]: db for db in found if db["DBInstanceIdentifier"].startswith(f"clefcloud-{env}-")}


def database(env):
    return databases(env)[f"clefcloud-{env}-db-a"]


def bucket(env, name, region=None):
    found = [b["Name"] for b in client("s3", region).list_buckets()["Buckets"]]
    return only(b for b in found if b.startswith(f"clefcloud-{env}-{name}"))


def bucket_is_encrypted(env, name, region=None):
    rules = client("s3", region).get_bucket_encryption(Bucket=bucket(env, name, region))
    rule = rules["ServerSideEncryptionConfiguration"]["Rules"][0]
    same(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")


def bucket_policy(env, name):
    return json.loads(client("s3").get_bucket_policy(Bucket=bucket(env, name))["Policy"])["Statement"]


def user_pool(env):
    pools = pages("cognito-idp", "list_user_pools", "UserPools", MaxResults=60)
    found = only(pool for pool in pools if pool["Name"].startswith(f"clefcloud-{env}-"))
    return client("cognito-idp").describe_user_pool(UserPoolId=found["Id"])["UserPool"]


def identity_pool(env):
    pools = pages("cognito-identity", "list_identity_pools", "IdentityPools", MaxResults=60)
    found = only(pool for pool in pools if pool["IdentityPoolName"].startswith(f"clefcloud-{env}-"))
    return client("cognito-identity").describe_identity_pool(IdentityPoolId=found["IdentityPoolId"])


def role_statements(env, name):
    role = f"clefcloud-{env}-{name}"
    iam = client("iam")
    found = []
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found += iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
    return found


def allowed(statements):
    actions = set()
    for statement in statements:
        action = statement["Action"]
        actions.update([action] if isinstance(action, str) else action)
    return actions


def alarm(env, name):
    return only(pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=[f"clefcloud-{env}-{name}"]))


def alarm_says(env, name, metric, comparison, threshold):
    found = alarm(env, name)
    same((found["MetricName"], found["ComparisonOperator"], found["Threshold"]), (metric, comparison, threshold))
    assert found["ActionsEnabled"], "its actions are off"
    return found


def zone(env):
    name = "clefcloud.example." if prod(env) else "dev.clefcloud.example."
    return only(z for z in pages("route53", "list_hosted_zones", "HostedZones") if z["Name"] == name)


def retention(name):
    groups = pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return only(g for g in groups if g["logGroupName"] == name).get("retentionInDays")


# --- The lines, in the order of the architecture.


def vpc_cidr(env):
    same(vpc(env)["CidrBlock"], "10.0.0.0/16")


def two_public_subnets(env):
    found = subnets(env, "public")
    same(len({subnet["AvailabilityZone"] for subnet in found}), 2)
    same([subnet["MapPublicIpOnLaunch"] for subnet in found], [True, True])
    same({subnet["SubnetId"] for subnet in found}, {z["SubnetId"] for z in balancer(env)["AvailabilityZones"]})


def two_private_subnets(env):
    found = {subnet["SubnetId"] for subnet in subnets(env, "private")}
    same(len(found), 2)
    same(set(group(env)["VPCZoneIdentifier"].split(",")), found)
    same({subnet["SubnetIdentifier"] for subnet in database(env)["DBSubnetGroup"]["Subnets"]}, found)


def internet_gateway(env):
    gateway = only(client("ec2").describe_internet_gateways(Filters=mine(env))["InternetGateways"])
    same(gateway["Attachments"][0]["VpcId"], vpc(env)["VpcId"])
    routes = {r.get("GatewayId") for r in route_table(env, "public_routes")["Routes"]}
    assert gateway["InternetGatewayId"] in routes, routes


def nat_gateway(env):
    found = client("ec2").describe_nat_gateways(Filters=mine(env))["NatGateways"]
    nat = only(n for n in found if n["State"] == "available")
    assert nat["SubnetId"] in {subnet["SubnetId"] for subnet in subnets(env, "public")}, "not in a public subnet"
    table = route_table(env, "private_routes")
    same({r["DestinationCidrBlock"]: r.get("NatGatewayId") for r in table["Routes"] if "DestinationCidrBlock" in r}.get("0.0.0.0/0"), nat["NatGatewayId"])
    same({a["SubnetId"] for a in table["Associations"]}, {subnet["SubnetId"] for subnet in subnets(env, "private")})


def instance_type(env):
    same(template(env)["InstanceType"], "t3.small" if prod(env) else "t3.micro")


def ubuntu(env):
    name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"
    same(template(env)["ImageId"], client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def auto_scaling_bounds(env):
    found = group(env)
    same((found["MinSize"], found["MaxSize"]), (2 if prod(env) else 1, 4))


def server_software(env):
    script = user_data(env)
    for part in ("nodejs", "PORT=3000", "HOST=127.0.0.1", "nginx", "$address:3000", "pm2", "amazon-cloudwatch-agent"):
        assert part in script, f"{part} is not in the user data"


def database_engine(env):
    same(database(env)["Engine"], "postgres")
    same(database(env)["EngineVersion"].split(".")[0], "15")


def database_class(env):
    same(database(env)["DBInstanceClass"], "db.t3.small" if prod(env) else "db.t3.micro")


def database_storage(env):
    same((database(env)["AllocatedStorage"], database(env)["MaxAllocatedStorage"]), (20, 100))


def database_backups(env):
    same(database(env)["BackupRetentionPeriod"], 7)


def database_multi_az(env):
    same(database(env)["MultiAZ"], prod(env))


def database_encrypted(env):
    same(database(env)["StorageEncrypted"], True)


def read_replica(env):
    same(f"clefcloud-{env}-db-replica" in databases(env), prod(env))
    if prod(env):
        replica = databases(env)[f"clefcloud-{env}-db-replica"]
        same(replica["ReadReplicaSourceDBInstanceIdentifier"], f"clefcloud-{env}-db-a")


def partitions_bucket(env):
    name = bucket(env, "bucket-partitions")
    same(client("s3").get_bucket_versioning(Bucket=name)["Status"], "Enabled")
    bucket_is_encrypted(env, "bucket-partitions")


def partitions_move_to_glacier(env):
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=bucket(env, "bucket-partitions"))["Rules"]
    transitions = [t for rule in rules for t in rule.get("Transitions", [])]
    same([(t["Days"], t["StorageClass"]) for t in transitions], [(180, "GLACIER")])


def logs_bucket(env):
    bucket_is_encrypted(env, "bucket-logs")
    attributes = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer(env)["LoadBalancerArn"])
    found = {a["Key"]: a["Value"] for a in attributes["Attributes"]}
    same((found["access_logs.s3.enabled"], found["access_logs.s3.bucket"]), ("true", bucket(env, "bucket-logs")))


def backups_bucket(env):
    bucket_is_encrypted(env, "bucket-backups")


def user_pool_is_there(env):
    same(user_pool(env)["UsernameAttributes"], ["email"])


def identity_pool_is_there(env):
    pool = identity_pool(env)
    same(pool["AllowUnauthenticatedIdentities"], False)
    provider = only(pool["CognitoIdentityProviders"])
    assert provider["ProviderName"].endswith(user_pool(env)["Id"]), provider


def mfa_is_optional(env):
    found = client("cognito-idp").get_user_pool_mfa_config(UserPoolId=user_pool(env)["Id"])
    same((found["MfaConfiguration"], found["SoftwareTokenMfaConfiguration"]["Enabled"]), ("OPTIONAL", True))


def password_policy(env):
    found = user_pool(env)["Policies"]["PasswordPolicy"]
    same(found["MinimumLength"], 8)
    same((found["RequireUppercase"], found["RequireLowercase"], found["RequireNumbers"]), (True, True, True))


def traffic_is_distributed(env):
    same(listeners(env)[443]["DefaultActions"][0]["TargetGroupArn"], target_group(env)["TargetGroupArn"])
    same(group(env)["TargetGroupARNs"], [target_group(env)["TargetGroupArn"]])


def health_checks(env):
    same(target_group(env)["HealthCheckPath"], "/health")


def tls(env):
    certificate = listeners(env)[443]["Certificates"][0]["CertificateArn"]
    found = client("acm").describe_certificate(CertificateArn=certificate)["Certificate"]
    same((found["DomainName"] + ".", found["Status"]), (zone(env)["Name"], "ISSUED"))
    redirect = listeners(env)[80]["DefaultActions"][0]["RedirectConfig"]
    same((redirect["Protocol"], redirect["Port"], redirect["StatusCode"]), ("HTTPS", "443", "HTTP_301"))


def sticky_sessions(env):
    attributes = client("elbv2").describe_target_group_attributes(TargetGroupArn=target_group(env)["TargetGroupArn"])
    found = {a["Key"]: a["Value"] for a in attributes["Attributes"]}
    same((found["stickiness.enabled"], found["stickiness.type"]), ("true", "lb_cookie"))


def server_role(env):
    profile = template(env)["IamInstanceProfile"]["Arn"].rsplit("/", 1)[1]
    roles = client("iam").get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    same([role["RoleName"] for role in roles], [f"clefcloud-{env}-server_role"])
    actions = allowed(role_statements(env, "server_role"))
    for action in ("s3:PutObject", "logs:PutLogEvents", "cloudwatch:PutMetricData", "rds:DescribeDBInstances", "secretsmanager:GetSecretValue"):
        assert action in actions, f"{action} is not in {sorted(actions)}"
    assert not any(action.endswith("*") for action in actions), actions


def ci_user(env):
    keys = client("iam").list_access_keys(UserName=f"clefcloud-{env}-ci")["AccessKeyMetadata"]
    secret = json.loads(client("secretsmanager").get_secret_value(SecretId=f"clefcloud-{env}-ci_key")["SecretString"])
    assert only(keys)["AccessKeyId"] in secret.values(), "the secret does not hold the key"


def github_role(env):
    provider = only(client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"])["Arn"]
    document = client("iam").get_role(RoleName=f"clefcloud-{env}-deploy_role")["Role"]["AssumeRolePolicyDocument"]
    same(document["Statement"][0]["Principal"], {"Federated": provider})


def cognito_roles(env):
    roles = client("cognito-identity").get_identity_pool_roles(IdentityPoolId=identity_pool(env)["IdentityPoolId"])["Roles"]
    same({kind: arn.rsplit("/", 1)[1] for kind, arn in roles.items()}, {"authenticated": f"clefcloud-{env}-user_role"})
    for statement in role_statements(env, "user_role"):
        assert "${cognito-identity.amazonaws.com:sub}" in json.dumps(statement), statement


def application_log_group(env):
    same(retention(f"/aws/ec2/clefcloud/{env}/app"), 30)
    assert f"/aws/ec2/clefcloud/{env}/app" in user_data(env), "the agent does not write there"


def nginx_log_group(env):
    same(retention(f"/aws/ec2/clefcloud/{env}/nginx"), 30)
    assert f"/aws/ec2/clefcloud/{env}/nginx" in user_data(env), "the agent does not write there"


def database_log_group(env):
    same(retention(f"/aws/rds/instance/clefcloud-{env}-db-a/postgresql"), 30)
    same(database(env)["EnabledCloudwatchLogsExports"], ["postgresql"])


def metrics(env):
    same(template(env)["Monitoring"], {"Enabled": True})
    for part in ('"mem"', '"disk"'):
        assert part in user_data(env), f"the agent does not measure {part}"


def alarm_on_cpu(env):
    alarm_says(env, "cpu_high", "CPUUtilization", "GreaterThanThreshold", 80.0)
    alarm_says(env, "database_cpu_high", "CPUUtilization", "GreaterThanThreshold", 80.0)


def alarm_on_memory(env):
    alarm_says(env, "memory_high", "mem_used_percent", "GreaterThanThreshold", 85.0)


def alarm_on_disk(env):
    alarm_says(env, "disk_low", "disk_free", "LessThanThreshold", 2e9)


def alarm_on_unhealthy_targets(env):
    found = alarm_says(env, "unhealthy_targets", "UnHealthyHostCount", "GreaterThanThreshold", 0.0)
    dimensions = {d["Name"]: d["Value"] for d in found["Dimensions"]}
    assert target_group(env)["TargetGroupArn"].endswith(dimensions["TargetGroup"]), dimensions


def alarm_on_database_storage(env):
    alarm_says(env, "database_storage_low", "FreeStorageSpace", "LessThanThreshold", 2e9)


def alarm_on_database_connections(env):
    name = database(env)["DBParameterGroups"][0]["DBParameterGroupName"]
    parameters = pages("rds", "describe_db_parameters", "Parameters", DBParameterGroupName=name)
    most = only(p for p in parameters if p["ParameterName"] == "max_connections")["ParameterValue"]
    alarm_says(env, "database_connections_high", "DatabaseConnections", "GreaterThanThreshold", int(most) * 0.8)


def alarms_tell_somebody(env):
    topic = only(t["TopicArn"] for t in pages("sns", "list_topics", "Topics") if f"clefcloud-{env}-" in t["TopicArn"])
    for name in ("cpu_high", "memory_high", "disk_low", "unhealthy_targets", "database_storage_low"):
        assert topic in alarm(env, name)["AlarmActions"], f"{name} tells nobody"
    subscriptions = client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    same([s["Protocol"] for s in subscriptions], ["email"])


def dashboard(env):
    found = [d["DashboardName"] for d in pages("cloudwatch", "list_dashboards", "DashboardEntries", "us-east-1", DashboardNamePrefix=f"clefcloud-{env}-")]
    name = only(d for d in found if d.startswith(f"clefcloud-{env}-"))
    body = json.loads(client("cloudwatch", "us-east-1").get_dashboard(DashboardName=name)["DashboardBody"])
    assert len(body["widgets"]) >= 10, body


def dns(env):
    records = pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone(env)["Id"])
    record = only(r for r in records if r["Type"] == "A" and r["Name"] == zone(env)["Name"])
    same(record["AliasTarget"]["DNSName"].rstrip(".").lower(), balancer(env)["DNSName"].lower())


def open_to_the_world(env):
    found = security_group(env, "alb_group")["IpPermissions"]
    same(sorted((p["FromPort"], p["IpRanges"][0]["CidrIp"]) for p in found), [(80, "0.0.0.0/0"), (443, "0.0.0.0/0")])


def servers_from_the_balancer_only(env):
    found = only(security_group(env, "server_group")["IpPermissions"])
    same((found["FromPort"], found["ToPort"], found["IpRanges"]), (3000, 3000, []))
    same([p["GroupId"] for p in found["UserIdGroupPairs"]], [security_group(env, "alb_group")["GroupId"]])


def database_from_the_servers_only(env):
    found = only(security_group(env, "database_group")["IpPermissions"])
    same((found["FromPort"], found["ToPort"], found["IpRanges"]), (5432, 5432, []))
    same([p["GroupId"] for p in found["UserIdGroupPairs"]], [security_group(env, "server_group")["GroupId"]])
    same(database(env)["PubliclyAccessible"], False)


def network_acls_as_they_come(env):
    found = client("ec2").describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc(env)["VpcId"]]}])
    same([acl["IsDefault"] for acl in found["NetworkAcls"]], [True])


def flow_logs(env):
    found = client("ec2").describe_flow_logs()["FlowLogs"]
    log = only(f for f in found if f["ResourceId"] == vpc(env)["VpcId"])
    same(log["TrafficType"], "ALL")
    assert log["LogDestination"].endswith(f":log-group:/aws/vpc/clefcloud/{env}/flow"), log


def encryption_in_transit(env):
    for name in ("partitions", "logs", "backups"):
        denied = [s for s in bucket_policy(env, f"bucket-{name}") if s["Effect"] == "Deny"]
        same(only(denied)["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
    name = database(env)["DBParameterGroups"][0]["DBParameterGroupName"]
    parameters = pages("rds", "describe_db_parameters", "Parameters", DBParameterGroupName=name)
    same(only(p for p in parameters if p["ParameterName"] == "rds.force_ssl")["ParameterValue"], "1")


def secrets(env):
    arn = client("secretsmanager").describe_secret(SecretId=f"clefcloud-{env}-db_password")["ARN"]
    assert f"DATABASE_SECRET={arn}" in user_data(env), "the servers do not know the secret"
    password = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    same(len(password), 32)
    assert password not in user_data(env), "the password stands in the user data"


def scaling(env):
    for name, threshold, comparison, step in (
        ("cpu_high", 80.0, "GreaterThanThreshold", 1),
        ("cpu_low", 20.0, "LessThanThreshold", -1),
    ):
        found = alarm_says(env, name, "CPUUtilization", comparison, threshold)
        same((found["Period"] * found["EvaluationPeriods"], found["Statistic"]), (120, "Average"))
        policies = client("autoscaling").describe_policies(AutoScalingGroupName=group(env)["AutoScalingGroupName"])
        policy = only(p for p in policies["ScalingPolicies"] if p["PolicyARN"] in found["AlarmActions"])
        same((policy["AdjustmentType"], policy["ScalingAdjustment"]), ("ChangeInCapacity", step))


def connection_pool(env):
    assert "DATABASE_POOL_SIZE=20" in user_data(env)


def replication_to_another_region(env):
    name = bucket(env, "bucket-partitions")
    if not prod(env):
        try:
            client("s3").get_bucket_replication(Bucket=name)
        except ClientError as error:
            same(error.response["Error"]["Code"], "ReplicationConfigurationNotFoundError")
            return
        raise AssertionError("replicated in dev")
    rules = client("s3").get_bucket_replication(Bucket=name)["ReplicationConfiguration"]["Rules"]
    copy = bucket(env, "partitions-copy", "eu-central-1")
    same(only(rules)["Destination"]["Bucket"], f"arn:aws:s3:::{copy}")
    same(client("s3", "eu-central-1").get_bucket_location(Bucket=copy)["LocationConstraint"], "eu-central-1")
    same(client("s3", "eu-central-1").get_bucket_versioning(Bucket=copy)["Status"], "Enabled")


def unattended_upgrades(env):
    assert 'APT::Periodic::Unattended-Upgrade "1"' in user_data(env)


def maintenance_window(env):
    same(database(env)["PreferredMaintenanceWindow"], "sun:03:30-sun:04:30")


def protected(env):
    same((database(env)["DeletionProtection"], user_pool(env)["DeletionProtection"]), (prod(env), "ACTIVE" if prod(env) else "INACTIVE"))


def prove(env):
    helpers = {
        "same", "only", "pages", "mine", "prod", "tags", "address", "named", "vpc", "subnets", "route_table",
        "security_group", "group", "template", "user_data", "balancer", "target_group", "listeners", "databases",
        "database", "bucket", "bucket_is_encrypted", "bucket_policy", "user_pool", "identity_pool", "role_statements",
        "allowed", "alarm", "alarm_says", "zone", "retention", "prove",
    }
    import traceback

    said = {}
    for name, line in list(globals().items()):
        if getattr(line, "__code__", None) and line.__code__.co_filename == "<test>" and name not in helpers:
            try:
                line(env)
                said[name] = None
            except Exception:
                said[name] = traceback.format_exc(limit=-3)
    return said
