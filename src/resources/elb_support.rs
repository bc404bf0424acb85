//! What load balancers, target groups and listeners share.

use std::collections::BTreeMap;

use clefctl_core::kind::{ExpectedInstance, Value};

/// Attributes that the API takes and gives as pairs of texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(BTreeMap<String, String>);

impl Pairs {
    /// Reads what the API answers.
    pub(crate) fn read<'a>(pairs: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Self {
        Self(pairs.filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned()))).collect())
    }

    /// Adds a pair.
    pub(crate) fn with(mut self, key: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.0.insert(key.to_owned(), value.to_string());
        self
    }

    /// The pairs that are not the same in `live`.
    pub(crate) fn beyond(&self, live: &Self) -> Vec<(&str, &str)> {
        let differs = |(key, value): &(&String, &String)| live.0.get(*key) != Some(value);
        self.0.iter().filter(differs).map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    /// A text; without one, or with an empty one, nothing.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|text| !text.is_empty()).cloned()
    }

    /// A text, or AWS's default of it.
    pub(crate) fn text_or(&self, key: &str, default: &str) -> String {
        self.text(key).unwrap_or_else(|| default.to_owned())
    }

    /// A truth value, or AWS's default of it.
    pub(crate) fn flag_or(&self, key: &str, default: bool) -> bool {
        self.0.get(key).map_or(default, |text| text == "true")
    }

    /// A number, or AWS's default of it.
    pub(crate) fn number_or(&self, key: &str, default: i32) -> i32 {
        self.0.get(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

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
    fn only_pairs_that_differ_are_sent() {
        let live = Pairs::read([(Some("a"), Some("1")), (Some("b"), Some("true")), (None, Some("x"))].into_iter());
        let wanted = Pairs::default().with("a", &2).with("b", &true).with("c", "new");
        assert_eq!(wanted.beyond(&live), [("a", "2"), ("c", "new")]);
        assert_eq!(wanted.beyond(&wanted), []);
    }

    #[test]
    fn what_aws_leaves_out_has_its_default() {
        let pairs = Pairs::default().with("text", "").with("number", &5).with("flag", &false);
        assert_eq!((pairs.text("text"), pairs.text_or("none", "d")), (None, "d".to_owned()));
        assert_eq!((pairs.number_or("number", 1), pairs.number_or("none", 1)), (5, 1));
        assert_eq!((pairs.flag_or("flag", true), pairs.flag_or("none", true)), (false, true));
    }

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
