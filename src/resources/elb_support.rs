//! What load balancers, target groups and listeners share.

use clefctl_core::kind::{ExpectedInstance, Value};

/// Whether the stack declares an instance of that physical name.
pub(crate) fn is_expected(instances: &[ExpectedInstance], name: Option<&str>) -> bool {
    name.is_some() && instances.iter().any(|instance| instance.name.as_deref() == name)
}

/// For blocks with `enabled`: one that is switched off is as good as none.
pub(crate) fn off_is_absent(declared: &Value, observed: &Value) -> bool {
    let off = |block: &Value| block.is_null() || block.get("enabled").as_bool() == Some(false);
    off(declared) && off(observed)
}

/// What follows the resource type in an ARN: `app/web/50dc6c495c0c9188` of a load balancer.
pub(crate) fn arn_suffix(arn: &str, resource_type: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    resource.strip_prefix(resource_type).and_then(|rest| rest.strip_prefix('/')).unwrap_or(resource).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_off_is_none() {
        let block = |enabled: bool| Value::map([("enabled", Value::Bool(enabled))]);
        for (declared, observed, same) in [
            (Value::Null, Value::Null, true),
            (block(false), Value::Null, true),
            (block(true), Value::Null, false),
            (Value::Null, block(true), false),
        ] {
            assert_eq!(off_is_absent(&declared, &observed), same, "{declared} {observed}");
        }
    }

    #[test]
    fn metrics_name_a_thing_by_the_end_of_its_arn() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-3:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
        assert_eq!(arn_suffix(arn, "loadbalancer"), "app/web/50dc6c495c0c9188");
    }
}
