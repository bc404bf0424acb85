//! The roles of an identity pool: one call reads and one writes them all.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_cognitoidentity::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Violation};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Op, unbuilt};

/// The roles that users take on.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[attributes(at_least_one("authenticated", "unauthenticated"))]
pub struct Roles {
    /// Of those who have signed in.
    #[attr(refers("iam_role", "arn"))]
    pub(super) authenticated: Option<String>,
    /// Of those who have not.
    #[attr(refers("iam_role", "arn"))]
    pub(super) unauthenticated: Option<String>,
}

/// How the role of a user of one provider is chosen.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(requires_when("type", "Rules", "mapping_rule"), forbids_when("type", "Token", "mapping_rule"))]
pub struct RoleMapping {
    /// The provider; of a user pool with the client: `${users.endpoint}:${web.id}`.
    #[attr(length(1, 128))]
    identity_provider: String,
    /// `Token` takes the role of the user's group, `Rules` goes by the rules.
    #[attr(values("Token", "Rules"))]
    r#type: String,
    /// What happens where no rule fits, or the token names several roles: `Deny`, or `AuthenticatedRole`.
    #[attr(default = "Deny", values("Deny", "AuthenticatedRole"))]
    ambiguous_role_resolution: String,
    /// The rules in order: the first that fits counts.
    #[attr(length(0, 400))]
    mapping_rule: Vec<MappingRule>,
}

/// A rule by which a role is chosen.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MappingRule {
    /// What is looked at in the token: `isAdmin`, `custom:team`.
    #[attr(length(1, 64))]
    claim: String,
    /// How it is compared.
    #[attr(values("Equals", "Contains", "StartsWith", "NotEqual"))]
    match_type: String,
    /// What it is compared with.
    #[attr(length(1, 128))]
    value: String,
    /// The role where it fits.
    #[attr(refers("iam_role", "arn"))]
    role_arn: String,
}

/// Reads the roles and how they are chosen.
pub(super) async fn read(cx: &Cx<'_>, id: &str) -> Result<(Option<Roles>, BTreeSet<RoleMapping>)> {
    let answer = cx
        .call(Op::new("cognito-identity:GetIdentityPoolRoles"), || {
            cx.identity().get_identity_pool_roles().identity_pool_id(id).send()
        })
        .await?;
    let roles = answer.roles.unwrap_or_default();
    let roles = Roles {
        authenticated: roles.get("authenticated").cloned(),
        unauthenticated: roles.get("unauthenticated").cloned(),
    };
    let mappings = answer.role_mappings.unwrap_or_default();
    let mappings = mappings.iter().map(|(provider, mapping)| read_mapping(provider, mapping)).collect();
    Ok((Some(roles).filter(|roles| *roles != Roles::default()), mappings))
}

/// Writes all of them: what is left out is taken away.
pub(super) async fn write(
    cx: &Cx<'_>,
    id: &str,
    roles: Option<&Roles>,
    mappings: &BTreeSet<RoleMapping>,
) -> Result<()> {
    let mut all = HashMap::new();
    if let Some(roles) = roles {
        all.extend(roles.authenticated.iter().map(|role| ("authenticated".to_owned(), role.clone())));
        all.extend(roles.unauthenticated.iter().map(|role| ("unauthenticated".to_owned(), role.clone())));
    }
    let mappings = mappings
        .iter()
        .map(|mapping| Ok((mapping.identity_provider.clone(), write_mapping(mapping)?)))
        .collect::<Result<HashMap<_, _>>>()?;
    cx.call(Op::new("cognito-identity:SetIdentityPoolRoles"), || {
        cx.identity()
            .set_identity_pool_roles()
            .identity_pool_id(id)
            .set_roles(Some(all.clone()))
            .set_role_mappings((!mappings.is_empty()).then(|| mappings.clone()))
            .send()
    })
    .await?;
    Ok(())
}

/// What does not fit together.
pub(super) fn check(mappings: &BTreeSet<RoleMapping>) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    let twice = mappings.iter().filter(|mapping| !seen.insert(&mapping.identity_provider));
    twice
        .map(|mapping| {
            Violation::new("role_mapping", format!("`{}` has two entries", mapping.identity_provider))
                .hint("put their rules into one")
        })
        .collect()
}

fn read_mapping(provider: &str, mapping: &sdk::RoleMapping) -> RoleMapping {
    let rules = mapping.rules_configuration().map(sdk::RulesConfigurationType::rules).unwrap_or_default();
    RoleMapping {
        identity_provider: provider.to_owned(),
        r#type: mapping.r#type().as_str().to_owned(),
        ambiguous_role_resolution: mapping
            .ambiguous_role_resolution()
            .map_or("Deny", |resolution| resolution.as_str())
            .to_owned(),
        mapping_rule: rules
            .iter()
            .map(|rule| MappingRule {
                claim: rule.claim.clone(),
                match_type: rule.match_type.as_str().to_owned(),
                value: rule.value.clone(),
                role_arn: rule.role_arn.clone(),
            })
            .collect(),
    }
}

fn write_mapping(mapping: &RoleMapping) -> Result<sdk::RoleMapping> {
    let rule = |rule: &MappingRule| {
        sdk::MappingRule::builder()
            .claim(&rule.claim)
            .match_type(rule.match_type.as_str().into())
            .value(&rule.value)
            .role_arn(&rule.role_arn)
            .build()
            .map_err(unbuilt)
    };
    let rules = mapping.mapping_rule.iter().map(rule).collect::<Result<Vec<_>>>()?;
    let rules = (!rules.is_empty())
        .then(|| sdk::RulesConfigurationType::builder().set_rules(Some(rules)).build().map_err(unbuilt))
        .transpose()?;
    sdk::RoleMapping::builder()
        .r#type(mapping.r#type.as_str().into())
        .ambiguous_role_resolution(mapping.ambiguous_role_resolution.as_str().into())
        .set_rules_configuration(rules)
        .build()
        .map_err(unbuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let rule = |value: &str| MappingRule {
            claim: "custom:team".to_owned(),
            match_type: "Equals".to_owned(),
            value: value.to_owned(),
            role_arn: "arn".to_owned(),
        };
        for (kind, rules) in [("Token", vec![]), ("Rules", vec![rule("b"), rule("a")])] {
            let wanted = RoleMapping {
                identity_provider: "p:c".to_owned(),
                r#type: kind.to_owned(),
                ambiguous_role_resolution: "AuthenticatedRole".to_owned(),
                mapping_rule: rules,
            };
            assert_eq!(read_mapping("p:c", &write_mapping(&wanted).unwrap()), wanted);
        }
    }
}
