"""IAM."""

from __future__ import annotations

import json

from selfcheck import Check

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
READ = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


def check_names_and_documents(t: Check) -> None:
    iam = t.client("iam")
    iam.create_role(RoleName="App", AssumeRolePolicyDocument=TRUST)
    t.refused("EntityAlreadyExists", iam.create_role, RoleName="app", AssumeRolePolicyDocument=TRUST)
    t.refused("MalformedPolicyDocument", iam.create_role, RoleName="bad", AssumeRolePolicyDocument="{")
    t.refused("MalformedPolicyDocument", iam.create_role, RoleName="bad", AssumeRolePolicyDocument=READ)
    # AWS's own policies can be attached.
    iam.attach_role_policy(RoleName="App", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")


def check_policies_in_use_stay(t: Check) -> None:
    iam = t.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    arn = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    t.refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.detach_role_policy(RoleName="app", PolicyArn=arn)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    t.refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=READ)
    t.refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)


def check_users_in_use_stay(t: Check) -> None:
    iam = t.client("iam")
    iam.create_user(UserName="ci")
    iam.create_group(GroupName="deploy")
    iam.add_user_to_group(GroupName="deploy", UserName="ci")
    t.refused("DeleteConflict", iam.delete_group, GroupName="deploy")
    t.refused("DeleteConflict", iam.delete_user, UserName="ci")
    iam.remove_user_from_group(GroupName="deploy", UserName="ci")
    key = [iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"] for _ in range(2)][0]
    t.refused("LimitExceeded", iam.create_access_key, UserName="ci")
    iam.delete_access_key(UserName="ci", AccessKeyId=key)
    t.refused("DeleteConflict", iam.delete_user, UserName="ci")


def check_clients_and_boundaries(t: Check) -> None:
    iam = t.client("iam")
    arn = iam.create_open_id_connect_provider(Url="https://token.example.com", ClientIDList=["a"])
    arn = arn["OpenIDConnectProviderArn"]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    t.equal(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"], ["b"])
    iam.create_user(UserName="ci")
    policy = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ci", PermissionsBoundary=policy)
    t.equal(iam.get_user(UserName="ci")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"], policy)
    iam.delete_user_permissions_boundary(UserName="ci")
    t.equal("PermissionsBoundary" in iam.get_user(UserName="ci")["User"], False)


def check_users_and_groups_keep_what_they_have(t: Check) -> None:
    iam = t.client("iam")
    policy = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.create_user(UserName="ci", Tags=[{"Key": "a", "Value": "b"}], PermissionsBoundary=policy)
    iam.update_user(UserName="ci", NewUserName="deployer", NewPath="/pipelines/")
    user = iam.get_user(UserName="deployer")["User"]
    t.equal((user["Path"], user["Tags"]), ("/pipelines/", [{"Key": "a", "Value": "b"}]))
    listed = iam.get_account_authorization_details(Filter=["User"])["UserDetailList"][0]
    t.equal(listed["PermissionsBoundary"]["PermissionsBoundaryArn"], policy)
    iam.create_group(GroupName="people")
    iam.update_group(GroupName="people", NewPath="/all/")
    t.equal(iam.get_group(GroupName="people")["Group"]["Path"], "/all/")
    t.equal(iam.list_service_specific_credentials(UserName="deployer")["ServiceSpecificCredentials"], [])
