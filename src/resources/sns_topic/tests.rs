use super::*;

const ARN: &str = "arn:aws:sns:eu-west-3:123456789012:alarms";

#[test]
fn a_policy_is_nobodys_as_long_as_it_is_awss_own() {
    let usual = usual_policy("123456789012", ARN);
    let read = |policy: &Policy| spec("123456789012", ARN, &Pairs::default().with("Policy", policy)).policy;
    assert_eq!(read(&usual), None);
    let mut longer = usual.clone();
    longer.0["Statement"][0]["Action"] = serde_json::json!(["SNS:Publish", "SNS:Receive"]);
    assert_eq!(read(&longer), None);
    let mut open = usual;
    open.0["Statement"][0]["Condition"] = serde_json::json!({});
    assert_eq!(read(&open), Some(open));
}

#[test]
fn what_aws_leaves_out_is_its_default() {
    assert_eq!(spec("123456789012", ARN, &Pairs::default()), SnsTopic::fresh("alarms", false));
}
