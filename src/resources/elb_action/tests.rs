use serde_json::json;

use super::*;

fn actions(json: serde_json::Value) -> Vec<Action> {
    serde_json::from_value(json).unwrap()
}

#[test]
fn actions_read_back_as_they_were_written() {
    let redirect = json!({
        "status_code": "HTTP_301", "protocol": "HTTPS", "host": "#{host}", "port": "443", "path": "/#{path}",
        "query": "#{query}",
    });
    let cognito = json!({
        "user_pool_arn": "arn:pool", "user_pool_client_id": "client", "user_pool_domain": "auth",
        "on_unauthenticated_request": "deny", "scope": "openid email", "session_cookie_name": "c",
        "session_timeout": 60, "authentication_request_extra_params": {"lang": "fr"},
    });
    let two = json!([{"arn": "a", "weight": 1}, {"arn": "b", "weight": 9}]);
    for written in [
        json!([{"type": "forward", "target_group_arn": "a"}]),
        json!([{"type": "forward", "forward": {"target_group": two, "stickiness": {"duration": 5, "enabled": true}}}]),
        json!([{"type": "redirect", "redirect": redirect}]),
        json!([{"type": "fixed-response", "fixed_response": {"content_type": "text/plain", "status_code": "404"}}]),
        json!([
            {"type": "authenticate-cognito", "authenticate_cognito": cognito},
            {"type": "forward", "target_group_arn": "a"},
        ]),
    ] {
        let written = actions(written);
        assert_eq!(read(&write(&written)), written);
    }
}

#[test]
fn a_forward_to_one_group_is_a_plain_forward() {
    let long =
        Value::from_json(&json!([{"type": "forward", "forward": {"target_group": [{"arn": "a", "weight": 7}]}}]));
    let short = Value::from_json(&json!([{"type": "forward", "target_group_arn": "a"}]));
    assert_eq!(canonical(&long), short);
    assert_eq!(canonical(&short), short);
    let written = actions(json!([{"type": "forward", "forward": {"target_group": [{"arn": "a", "weight": 1}]}}]));
    assert_eq!(read(&write(&written)), actions(json!([{"type": "forward", "target_group_arn": "a"}])));
}

#[test]
fn actions_must_make_sense_together() {
    let forward = json!({"type": "forward", "target_group_arn": "a"});
    let sign_in = json!({"type": "authenticate-cognito"});
    for (written, https, want) in [
        (json!([forward]), false, None),
        (json!([sign_in, forward]), true, None),
        (json!([sign_in, forward]), false, Some("default_action[0].type")),
        (json!([sign_in]), true, Some("default_action[0].type")),
        (json!([forward, forward]), true, Some("default_action[0].type")),
        (json!([{"type": "forward"}]), true, Some("default_action[0].type")),
    ] {
        let broken = check("default_action", &actions(written.clone()), https);
        assert_eq!(broken.first().map(|broken| broken.path.as_str()), want, "{written}");
    }
}
