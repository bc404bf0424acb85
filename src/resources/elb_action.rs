//! What becomes of a request: the actions of listeners and their rules.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    Action as Sdk, ActionTypeEnum, AuthenticateCognitoActionConditionalBehaviorEnum, AuthenticateCognitoActionConfig,
    FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use clefctl_core::kind::{Attributes, Value, Violation};
use serde::{Deserialize, Serialize};

use super::elb_support::off_is_absent;

/// What becomes of a request.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    at_most_one("target_group_arn", "forward"),
    requires_when("type", "redirect", "redirect"),
    requires_when("type", "fixed-response", "fixed_response"),
    requires_when("type", "authenticate-cognito", "authenticate_cognito")
)]
pub struct Action {
    /// What is done.
    #[attr(values("forward", "redirect", "fixed-response", "authenticate-cognito"))]
    r#type: String,
    /// For `forward`: the target group.
    #[attr(refers("lb_target_group", "arn"))]
    target_group_arn: Option<String>,
    /// For `forward`: several target groups with weights.
    forward: Option<Forward>,
    /// For `redirect`: where to.
    redirect: Option<Redirect>,
    /// For `fixed-response`: the answer.
    fixed_response: Option<FixedResponse>,
    /// For `authenticate-cognito`: who may pass; HTTPS only.
    authenticate_cognito: Option<AuthenticateCognito>,
}

/// Target groups with weights.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Forward {
    /// The target groups, at most five.
    #[attr(length(1, 5))]
    target_group: BTreeSet<WeightedTargetGroup>,
    /// Sends a client to the same target group again.
    #[attr(same = off_is_absent)]
    stickiness: Option<GroupStickiness>,
}

/// A target group and its share of the requests.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeightedTargetGroup {
    /// The target group.
    #[attr(refers("lb_target_group", "arn"))]
    arn: String,
    /// Its share, in proportion to the others' weights.
    #[attr(default = 1, range(0, 999))]
    weight: i32,
}

/// Sends a client to the same target group again.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct GroupStickiness {
    /// Seconds for which it holds.
    #[attr(range(1, 604_800))]
    duration: i32,
    /// Whether it is on.
    #[attr(default = false)]
    enabled: bool,
}

/// Where a client is sent. Each part may take up the request's own: `#{protocol}`, `#{host}`, `#{port}`, `#{path}`,
/// `#{query}`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Redirect {
    /// Whether clients may remember it (`HTTP_301`) or not (`HTTP_302`).
    #[attr(values("HTTP_301", "HTTP_302"))]
    status_code: String,
    /// `HTTP`, `HTTPS`, or the request's.
    #[attr(default = "#{protocol}", values("HTTP", "HTTPS", "#{protocol}"))]
    protocol: String,
    /// Host name.
    #[attr(default = "#{host}", length(1, 128))]
    host: String,
    /// Port.
    #[attr(default = "#{port}")]
    port: String,
    /// Path, with its leading `/`.
    #[attr(default = "/#{path}", length(1, 128), pattern = "/.*")]
    path: String,
    /// Query, without its leading `?`.
    #[attr(default = "#{query}", length(0, 128))]
    query: String,
}

/// An answer that the load balancer gives itself.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct FixedResponse {
    /// Type of the body.
    #[attr(values("text/plain", "text/css", "text/html", "application/javascript", "application/json"))]
    content_type: String,
    /// The body.
    #[attr(length(0, 1024))]
    message_body: Option<String>,
    /// Status: 2xx, 4xx or 5xx.
    #[attr(pattern = "[245][0-9]{2}")]
    status_code: String,
}

/// Who may pass: users of a Cognito user pool.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AuthenticateCognito {
    /// The user pool.
    #[attr(refers("cognito_user_pool", "arn"))]
    user_pool_arn: String,
    /// Its client, which has a secret and allows the code grant.
    #[attr(refers("cognito_user_pool_client", "id"))]
    user_pool_client_id: String,
    /// Prefix or full name of the pool's domain.
    user_pool_domain: String,
    /// What becomes of requests of those who have not signed in.
    #[attr(default = "authenticate", values("deny", "allow", "authenticate"))]
    on_unauthenticated_request: String,
    /// What the application may know of the user.
    #[attr(default = "openid")]
    scope: String,
    /// Name of the session cookie.
    #[attr(default = "AWSELBAuthSessionCookie")]
    session_cookie_name: String,
    /// Seconds for which a session lasts.
    #[attr(default = 604_800, range(1, 604_800))]
    session_timeout: i64,
    /// Further parameters for the sign-in page, at most ten.
    #[attr(length(0, 10))]
    authentication_request_extra_params: BTreeMap<String, String>,
}

/// One form for the two ways to write a plain forward: `target_group_arn`, and a `forward` to one group without
/// stickiness.
pub(crate) fn canonical(actions: &Value) -> Value {
    let plain = |action: &Value| {
        let forward = action.get("forward");
        let [group] = forward.get("target_group").as_list().unwrap_or_default() else { return action.clone() };
        let (Some(map), true) = (action.as_map(), off_is_absent(forward.get("stickiness"), &Value::Null)) else {
            return action.clone();
        };
        let mut map = map.clone();
        map.remove("forward");
        map.insert("target_group_arn".to_owned(), group.get("arn").clone());
        Value::from(map)
    };
    match actions.as_list() {
        Some(items) => Value::list(items.iter().map(plain)),
        None => actions.clone(),
    }
}

/// Rules between actions that tables cannot say.
pub(crate) fn check(path: &str, actions: &[Action], https: bool) -> Vec<Violation> {
    let mut broken = Vec::new();
    let last = actions.len().saturating_sub(1);
    for (i, action) in actions.iter().enumerate() {
        let at = |name: &str| format!("{path}[{i}].{name}");
        let authenticates = action.r#type == "authenticate-cognito";
        if authenticates && !https {
            broken.push(Violation::new(at("type"), "users can sign in over HTTPS only"));
        }
        if authenticates && i == last {
            broken.push(
                Violation::new(at("type"), "something has to be done with those who have signed in")
                    .hint("add an action of type `forward` behind it"),
            );
        }
        if !authenticates && i != last {
            broken.push(Violation::new(at("type"), format!("nothing can follow after `{}`", action.r#type)));
        }
        if action.r#type == "forward" && action.target_group_arn.is_none() && action.forward.is_none() {
            broken.push(
                Violation::new(at("type"), "it does not say where to")
                    .hint("add `target_group_arn`, or a `forward` with several target groups"),
            );
        }
    }
    broken
}

/// The actions as the API takes them.
pub(crate) fn write(actions: &[Action]) -> Vec<Sdk> {
    let several = actions.len() > 1;
    let positions = (1_i32..).map(|position| several.then_some(position));
    actions.iter().zip(positions).map(|(action, order)| write_one(action, order)).collect()
}

fn write_one(action: &Action, order: Option<i32>) -> Sdk {
    let redirect = action.redirect.as_ref().map(|to| {
        RedirectActionConfig::builder()
            .status_code(RedirectActionStatusCodeEnum::from(to.status_code.as_str()))
            .protocol(&to.protocol)
            .host(&to.host)
            .port(&to.port)
            .path(&to.path)
            .query(&to.query)
            .build()
    });
    let fixed = action.fixed_response.as_ref().map(|answer| {
        FixedResponseActionConfig::builder()
            .content_type(&answer.content_type)
            .set_message_body(answer.message_body.clone())
            .status_code(&answer.status_code)
            .build()
    });
    let cognito = action.authenticate_cognito.as_ref().map(|who| {
        let extra = who.authentication_request_extra_params.clone().into_iter().collect();
        AuthenticateCognitoActionConfig::builder()
            .user_pool_arn(&who.user_pool_arn)
            .user_pool_client_id(&who.user_pool_client_id)
            .user_pool_domain(&who.user_pool_domain)
            .on_unauthenticated_request(who.on_unauthenticated_request.as_str().into())
            .scope(&who.scope)
            .session_cookie_name(&who.session_cookie_name)
            .session_timeout(who.session_timeout)
            .set_authentication_request_extra_params(Some(extra))
            .build()
    });
    Sdk::builder()
        .r#type(ActionTypeEnum::from(action.r#type.as_str()))
        .set_order(order)
        .set_target_group_arn(action.target_group_arn.clone())
        .set_forward_config(action.forward.as_ref().map(write_forward))
        .set_redirect_config(redirect)
        .set_fixed_response_config(fixed)
        .set_authenticate_cognito_config(cognito)
        .build()
}

fn write_forward(forward: &Forward) -> ForwardActionConfig {
    let groups = forward
        .target_group
        .iter()
        .map(|group| TargetGroupTuple::builder().target_group_arn(&group.arn).weight(group.weight).build());
    let sticky = match forward.stickiness.as_ref().filter(|sticky| sticky.enabled) {
        Some(sticky) => TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(sticky.duration),
        None => TargetGroupStickinessConfig::builder().enabled(false),
    };
    ForwardActionConfig::builder()
        .set_target_groups(Some(groups.collect()))
        .target_group_stickiness_config(sticky.build())
        .build()
}

/// The actions as the API gives them, in their order, a plain forward by its target group alone.
pub(crate) fn read(actions: &[Sdk]) -> Vec<Action> {
    let mut ordered: Vec<&Sdk> = actions.iter().collect();
    ordered.sort_by_key(|action| action.order());
    ordered.into_iter().map(read_one).collect()
}

fn read_one(action: &Sdk) -> Action {
    let forward = action.forward_config().map(read_forward);
    let plain = action.target_group_arn.clone().or_else(|| match &forward {
        Some(Forward { target_group, stickiness: None }) if target_group.len() == 1 => {
            target_group.first().map(|group| group.arn.clone())
        }
        _ => None,
    });
    let weighted = forward.filter(|forward| forward.target_group.len() > 1 || forward.stickiness.is_some());
    Action {
        r#type: action.r#type().map(ActionTypeEnum::as_str).unwrap_or_default().to_owned(),
        target_group_arn: plain.filter(|_| weighted.is_none()),
        forward: weighted,
        redirect: action.redirect_config().map(|to| {
            let part = |value: Option<&str>, default: &str| value.unwrap_or(default).to_owned();
            Redirect {
                status_code: part(to.status_code().map(RedirectActionStatusCodeEnum::as_str), "HTTP_302"),
                protocol: part(to.protocol(), "#{protocol}"),
                host: part(to.host(), "#{host}"),
                port: part(to.port(), "#{port}"),
                path: part(to.path(), "/#{path}"),
                query: part(to.query(), "#{query}"),
            }
        }),
        fixed_response: action.fixed_response_config().map(|answer| FixedResponse {
            content_type: answer.content_type().unwrap_or("text/plain").to_owned(),
            message_body: answer.message_body.clone().filter(|body| !body.is_empty()),
            status_code: answer.status_code().unwrap_or_default().to_owned(),
        }),
        authenticate_cognito: action.authenticate_cognito_config().map(read_cognito),
    }
}

fn read_forward(forward: &ForwardActionConfig) -> Forward {
    let groups = forward.target_groups().iter().map(|group| WeightedTargetGroup {
        arn: group.target_group_arn().unwrap_or_default().to_owned(),
        weight: group.weight().unwrap_or(1),
    });
    let sticky = forward.target_group_stickiness_config().filter(|sticky| sticky.enabled() == Some(true));
    Forward {
        target_group: groups.collect(),
        stickiness: sticky
            .map(|sticky| GroupStickiness { duration: sticky.duration_seconds().unwrap_or_default(), enabled: true }),
    }
}

fn read_cognito(who: &AuthenticateCognitoActionConfig) -> AuthenticateCognito {
    let text = |value: Option<&str>, default: &str| value.unwrap_or(default).to_owned();
    let otherwise = who.on_unauthenticated_request().map(AuthenticateCognitoActionConditionalBehaviorEnum::as_str);
    AuthenticateCognito {
        user_pool_arn: text(who.user_pool_arn(), ""),
        user_pool_client_id: text(who.user_pool_client_id(), ""),
        user_pool_domain: text(who.user_pool_domain(), ""),
        on_unauthenticated_request: text(otherwise, "authenticate"),
        scope: text(who.scope(), "openid"),
        session_cookie_name: text(who.session_cookie_name(), "AWSELBAuthSessionCookie"),
        session_timeout: who.session_timeout().unwrap_or(604_800),
        authentication_request_extra_params: who
            .authentication_request_extra_params()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
