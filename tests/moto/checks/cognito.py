"""Cognito user pools and identity pools."""

from __future__ import annotations

from selfcheck import Check


def check_user_pools(t: Check) -> None:
    cognito = t.client("cognito-idp")
    schema = [{"Name": "plan", "AttributeDataType": "String", "Mutable": True}]
    made = cognito.create_user_pool(PoolName="users", UsernameAttributes=["email"], Schema=schema, UserPoolTags={"a": "b"})
    ident = made["UserPool"]["Id"]
    read = lambda: cognito.describe_user_pool(UserPoolId=ident)["UserPool"]  # noqa: E731
    kinds = {attribute["Name"] for attribute in read()["SchemaAttributes"]}
    assert {"custom:plan", "email", "sub"} <= kinds, kinds
    arn = read()["Arn"]
    cognito.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    cognito.untag_resource(ResourceArn=arn, TagKeys=["a"])
    t.equal(cognito.list_tags_for_resource(ResourceArn=arn)["Tags"], {"c": "d"})
    t.refused("InvalidParameterException", cognito.update_user_pool, UserPoolId=ident, MfaConfiguration="ON")
    cognito.set_user_pool_mfa_config(
        UserPoolId=ident, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    t.equal(read()["MfaConfiguration"], "ON")
    # What an update leaves out is reset, but for what cannot change.
    cognito.update_user_pool(UserPoolId=ident, PoolName="renamed", DeletionProtection="ACTIVE")
    shown = read()
    t.equal((shown["Name"], shown["UsernameAttributes"], shown["MfaConfiguration"]), ("renamed", ["email"], "OFF"))
    t.equal(shown.get("UserPoolTags", {}), {})
    t.refused("InvalidParameterException", cognito.delete_user_pool, UserPoolId=ident)
    cognito.update_user_pool(UserPoolId=ident)
    cognito.create_user_pool_domain(Domain=f"d-{t.account}", UserPoolId=ident)
    t.refused("InvalidParameterException", cognito.create_user_pool_domain, Domain="other", UserPoolId=ident)
    t.refused("InvalidParameterException", cognito.delete_user_pool, UserPoolId=ident)
    cognito.delete_user_pool_domain(Domain=f"d-{t.account}", UserPoolId=ident)
    cognito.delete_user_pool(UserPoolId=ident)


def check_clients_are_reset(t: Check) -> None:
    cognito = t.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="users")["UserPool"]["Id"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web", RefreshTokenValidity=5)
    client = made["UserPoolClient"]["ClientId"]
    changed = cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, EnableTokenRevocation=False)
    changed = changed["UserPoolClient"]
    t.equal((changed["ClientName"], changed["RefreshTokenValidity"], changed["EnableTokenRevocation"]), ("web", 30, False))


def check_resource_servers(t: Check) -> None:
    cognito = t.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="users")["UserPool"]["Id"]
    cognito.create_resource_server(UserPoolId=pool, Identifier="api", Name="old", Scopes=[])
    cognito.update_resource_server(UserPoolId=pool, Identifier="api", Name="new", Scopes=[])
    read = cognito.describe_resource_server(UserPoolId=pool, Identifier="api")["ResourceServer"]
    t.equal(read["Name"], "new")
    cognito.delete_resource_server(UserPoolId=pool, Identifier="api")


def check_identity_pools(t: Check) -> None:
    cognito = t.client("cognito-identity")
    provider = {"ProviderName": "cognito-idp.eu-central-1.amazonaws.com/p", "ClientId": "c"}
    pool = cognito.create_identity_pool(
        IdentityPoolName="app",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[provider],
        IdentityPoolTags={"a": "b"},
    )["IdentityPoolId"]
    t.equal(cognito.get_identity_pool_roles(IdentityPoolId=pool).get("Roles"), None)
    roles = {"authenticated": f"arn:aws:iam::{t.account}:role/app"}
    cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles=roles)
    t.equal(cognito.get_identity_pool_roles(IdentityPoolId=pool)["Roles"], roles)
    arn = f"arn:aws:cognito-identity:{t.REGION}:{t.account}:identitypool/{pool}"
    cognito.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    t.equal(cognito.list_tags_for_resource(ResourceArn=arn)["Tags"], {"a": "b", "c": "d"})
    shown = cognito.describe_identity_pool(IdentityPoolId=pool)
    t.equal(shown["CognitoIdentityProviders"], [{**provider, "ServerSideTokenCheck": False}])
    cognito.update_identity_pool(IdentityPoolId=pool, IdentityPoolName="new", AllowUnauthenticatedIdentities=True)
    shown = cognito.describe_identity_pool(IdentityPoolId=pool)
    t.equal((shown["IdentityPoolName"], shown["CognitoIdentityProviders"]), ("new", []))


def check_all_factors(t: Check) -> None:
    cognito = t.client("cognito-idp")
    mail = {"EmailSendingAccount": "DEVELOPER", "SourceArn": f"arn:aws:ses:eu-west-1:{t.account}:identity/example.com"}
    pool = cognito.create_user_pool(PoolName="users", EmailConfiguration=mail)["UserPool"]["Id"]
    passkeys = {"RelyingPartyId": "example.com", "UserVerification": "required"}
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        MfaConfiguration="OPTIONAL",
        EmailMfaConfiguration={"Subject": "code"},
        WebAuthnConfiguration=passkeys,
    )
    read = cognito.get_user_pool_mfa_config(UserPoolId=pool)
    t.equal((read["EmailMfaConfiguration"], read["WebAuthnConfiguration"]), ({"Subject": "code"}, passkeys))


def check_domains_of_both_sorts(t: Check) -> None:
    cognito = t.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="users")["UserPool"]["Id"]
    certificate = {"CertificateArn": f"arn:aws:acm:us-east-1:{t.account}:certificate/c"}
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=f"p-{t.account}", ManagedLoginVersion=2)
    cognito.create_user_pool_domain(UserPoolId=pool, Domain="auth.example.com", CustomDomainConfig=certificate)
    shown = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    t.equal((shown["Domain"], shown["CustomDomain"]), (f"p-{t.account}", "auth.example.com"))
    own = cognito.describe_user_pool_domain(Domain="auth.example.com")["DomainDescription"]
    t.equal((own["CustomDomainConfig"], own["ManagedLoginVersion"]), (certificate, 1))
    prefix = cognito.describe_user_pool_domain(Domain=f"p-{t.account}")["DomainDescription"]
    t.equal(prefix["ManagedLoginVersion"], 2)
