use super::*;

#[test]
fn options_that_say_nothing_are_none() {
    let options = |format: &str, hourly: bool| {
        Value::map([("file_format", Value::from(format)), ("per_hour_partition", Value::Bool(hourly))])
    };
    for (written, absent) in [
        (Value::Null, true),
        (options("plain-text", false), true),
        (options("plain-text", true), false),
        (options("parquet", false), false),
    ] {
        assert_eq!(plain_is_absent(&written).is_null(), absent, "{written}");
    }
}

#[test]
fn a_log_group_is_named_without_its_streams() {
    let arn = "arn:aws:logs:eu-west-3:123456789012:log-group:/flow";
    assert_eq!(without_streams(&Value::from(format!("{arn}:*"))), Value::from(arn));
    assert_eq!(without_streams(&Value::from(arn)), Value::from(arn));
}
