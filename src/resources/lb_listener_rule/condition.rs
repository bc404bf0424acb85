//! What requests must be like for a rule to take them.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, PathPatternConditionConfig,
    QueryStringConditionConfig, QueryStringKeyValuePair, RuleCondition as Sdk, SourceIpConditionConfig,
};
use clefctl_core::kind::{Attributes, Cidr, Violation};
use serde::{Deserialize, Serialize};

/// What requests must be like.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one(
    "host_header", "http_header", "http_request_method", "path_pattern", "query_string", "source_ip"
))]
pub struct Condition {
    /// The host name that is asked for.
    host_header: Option<Pattern>,
    /// A header.
    http_header: Option<Header>,
    /// The method.
    http_request_method: Option<Methods>,
    /// The path.
    path_pattern: Option<Pattern>,
    /// The query.
    #[attr(length(0, 5))]
    query_string: BTreeSet<QueryString>,
    /// The address of the client, as the load balancer sees it.
    source_ip: Option<Sources>,
}

/// Values of which one has to fit.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("values", "regex_values"))]
pub struct Pattern {
    /// Values; `*` stands for any characters, `?` for one. Host names mean the same in capitals, paths do not.
    #[attr(length(0, 5))]
    values: BTreeSet<String>,
    /// Regular expressions.
    #[attr(length(0, 5))]
    regex_values: BTreeSet<String>,
}

/// A header, and values of which one has to fit.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("values", "regex_values"))]
pub struct Header {
    /// Name of the header; `host` has a condition of its own.
    #[attr(length(1, 40))]
    http_header_name: String,
    /// Values; `*` stands for any characters, `?` for one. Capitals mean nothing.
    #[attr(length(0, 5))]
    values: BTreeSet<String>,
    /// Regular expressions.
    #[attr(length(0, 5))]
    regex_values: BTreeSet<String>,
}

/// Methods of which one has to fit.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Methods {
    /// Methods in capitals: `GET`.
    #[attr(length(1, 5))]
    values: BTreeSet<String>,
}

/// A part of the query.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueryString {
    /// Key; without one any key may have the value.
    key: Option<String>,
    /// Value; `*` stands for any characters, `?` for one.
    #[attr(length(1, 128))]
    value: String,
}

/// Networks of which one has to hold the client.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sources {
    /// Networks.
    #[attr(length(1, 5))]
    values: BTreeSet<Cidr>,
}

/// Most values in all conditions of a rule.
const VALUES: usize = 5;

/// Rules between conditions that tables cannot say.
pub(super) fn check(conditions: &BTreeSet<Condition>) -> Vec<Violation> {
    let mut broken = Vec::new();
    let values: usize = conditions.iter().map(Condition::values).sum();
    if values > VALUES {
        let message = format!("{values} values in all, and AWS takes {VALUES} in a rule");
        broken.push(Violation::new("condition", message).hint("split the rule in two"));
    }
    let count = |is: fn(&Condition) -> bool| conditions.iter().filter(|one| is(one)).count();
    for (name, many) in [
        ("host_header", count(|one| one.host_header.is_some())),
        ("http_request_method", count(|one| one.http_request_method.is_some())),
        ("path_pattern", count(|one| one.path_pattern.is_some())),
        ("source_ip", count(|one| one.source_ip.is_some())),
    ] {
        if many > 1 {
            broken.push(
                Violation::new("condition", format!("a rule has one condition of `{name}`"))
                    .hint("write its values into one: any of them has to fit"),
            );
        }
    }
    broken
}

fn list(values: &BTreeSet<String>) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.iter().cloned().collect())
}

fn set(values: &[String]) -> BTreeSet<String> {
    values.iter().cloned().collect()
}

impl Condition {
    fn values(&self) -> usize {
        let pattern = |one: &Option<Pattern>| one.as_ref().map_or(0, |one| one.values.len() + one.regex_values.len());
        let header = self.http_header.as_ref().map_or(0, |one| one.values.len() + one.regex_values.len());
        pattern(&self.host_header)
            + pattern(&self.path_pattern)
            + header
            + self.http_request_method.as_ref().map_or(0, |one| one.values.len())
            + self.query_string.len()
            + self.source_ip.as_ref().map_or(0, |one| one.values.len())
    }

    /// The condition as the API takes it.
    pub(super) fn sdk(&self) -> Option<Sdk> {
        let condition = Sdk::builder();
        let condition = if let Some(host) = &self.host_header {
            let config = HostHeaderConditionConfig::builder()
                .set_values(list(&host.values))
                .set_regex_values(list(&host.regex_values));
            condition.field("host-header").host_header_config(config.build())
        } else if let Some(path) = &self.path_pattern {
            let config = PathPatternConditionConfig::builder()
                .set_values(list(&path.values))
                .set_regex_values(list(&path.regex_values));
            condition.field("path-pattern").path_pattern_config(config.build())
        } else if let Some(header) = &self.http_header {
            let config = HttpHeaderConditionConfig::builder()
                .http_header_name(&header.http_header_name)
                .set_values(list(&header.values))
                .set_regex_values(list(&header.regex_values));
            condition.field("http-header").http_header_config(config.build())
        } else if let Some(method) = &self.http_request_method {
            let config = HttpRequestMethodConditionConfig::builder().set_values(list(&method.values));
            condition.field("http-request-method").http_request_method_config(config.build())
        } else if let Some(source) = &self.source_ip {
            let networks = source.values.iter().map(|network| network.to_string()).collect();
            let config = SourceIpConditionConfig::builder().set_values(Some(networks));
            condition.field("source-ip").source_ip_config(config.build())
        } else if !self.query_string.is_empty() {
            let pair = |one: &QueryString| {
                QueryStringKeyValuePair::builder().set_key(one.key.clone()).value(&one.value).build()
            };
            let config =
                QueryStringConditionConfig::builder().set_values(Some(self.query_string.iter().map(pair).collect()));
            condition.field("query-string").query_string_config(config.build())
        } else {
            return None;
        };
        Some(condition.build())
    }

    /// The condition as the API gives it; nothing of a sort that is not known here.
    pub(super) fn read(condition: &Sdk) -> Option<Self> {
        let mut read = Self {
            host_header: None,
            http_header: None,
            http_request_method: None,
            path_pattern: None,
            query_string: BTreeSet::new(),
            source_ip: None,
        };
        match condition.field()? {
            "host-header" => {
                let config = condition.host_header_config()?;
                read.host_header =
                    Some(Pattern { values: set(config.values()), regex_values: set(config.regex_values()) });
            }
            "path-pattern" => {
                let config = condition.path_pattern_config()?;
                read.path_pattern =
                    Some(Pattern { values: set(config.values()), regex_values: set(config.regex_values()) });
            }
            "http-header" => {
                let config = condition.http_header_config()?;
                read.http_header = Some(Header {
                    http_header_name: config.http_header_name().unwrap_or_default().to_owned(),
                    values: set(config.values()),
                    regex_values: set(config.regex_values()),
                });
            }
            "http-request-method" => {
                let config = condition.http_request_method_config()?;
                read.http_request_method = Some(Methods { values: set(config.values()) });
            }
            "source-ip" => {
                let config = condition.source_ip_config()?;
                read.source_ip = Some(Sources { values: config.values().iter().cloned().map(Cidr).collect() });
            }
            "query-string" => {
                let pair = |pair: &QueryStringKeyValuePair| QueryString {
                    key: pair.key().filter(|key| !key.is_empty()).map(str::to_owned),
                    value: pair.value().unwrap_or_default().to_owned(),
                };
                read.query_string = condition.query_string_config()?.values().iter().map(pair).collect();
            }
            _ => return None,
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn condition(json: &serde_json::Value) -> Condition {
        let mut whole = json!({"query_string": []});
        whole.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn conditions_read_back_as_they_were_written() {
        for written in [
            json!({"host_header": {"values": ["a.example", "*.b.example"], "regex_values": []}}),
            json!({"path_pattern": {"values": [], "regex_values": ["^/v[0-9]+/"]}}),
            json!({"http_header": {"http_header_name": "X-Beta", "values": ["on"], "regex_values": []}}),
            json!({"http_request_method": {"values": ["GET", "HEAD"]}}),
            json!({"source_ip": {"values": ["192.0.2.0/24"]}}),
            json!({"query_string": [{"key": "v", "value": "2"}, {"key": null, "value": "beta"}]}),
        ] {
            let written = condition(&written);
            assert_eq!(written.sdk().as_ref().and_then(Condition::read), Some(written));
        }
    }

    #[test]
    fn a_rule_has_five_values_and_one_condition_of_a_sort() {
        let path = |values: &[&str]| condition(&json!({"path_pattern": {"values": values, "regex_values": []}}));
        assert_eq!(check(&[path(&["/a", "/b", "/c", "/d", "/e"])].into()), []);
        assert_eq!(check(&[path(&["/a", "/b", "/c"]), path(&["/d", "/e", "/f"])].into()).len(), 2);
    }
}
