//! Tags: which are ours to say, which belong to others, and which clefctl writes itself.

use std::sync::Arc;

use crate::kind::Facts;
use crate::kind::{Address, Lifecycle, Mark, Owner, Tags, Value, short_hash, tag};
use regex::Regex;

/// Which tags belong to others.
#[derive(Clone, Debug, Default)]
pub struct TagRules {
    others: Arc<[Regex]>,
}

impl TagRules {
    /// Reads the globs of a stack's `ignore_tags`: `*` stands for any characters, `?` for one.
    #[must_use]
    pub fn new(globs: &[String]) -> Self {
        let pattern = |glob: &String| {
            let escaped = regex::escape(glob).replace(r"\*", ".*").replace(r"\?", ".");
            Regex::new(&format!("(?s)^{escaped}$")).ok()
        };
        Self { others: globs.iter().filter_map(pattern).collect() }
    }

    /// Whether a tag is neither the user's nor clefctl's to change.
    #[must_use]
    pub fn others(&self, key: &str) -> bool {
        key.starts_with("aws:") || self.others.iter().any(|glob| glob.is_match(key))
    }
}

/// The tags that clefctl writes on a thing.
#[must_use]
pub fn marks(
    owner: &Owner,
    facts: &Facts,
    address: &Address,
    generation: u32,
    lifecycle: &Lifecycle,
    trigger: &Value,
) -> Tags {
    let mut tags = Tags::new();
    if facts.mark == Mark::Prefix {
        return tags;
    }
    let mut put = |key: &str, value: String| tags.insert(key.to_owned(), value);
    put(tag::STACK, owner.to_string());
    put(tag::RESOURCE, address.tag(facts.name));
    put(tag::GENERATION, generation.to_string());
    if lifecycle.retain {
        put(tag::KEEP, "retain".to_owned());
    } else if lifecycle.prevent_destroy {
        put(tag::KEEP, "protect".to_owned());
    }
    if let Some(hash) = trigger_hash(trigger) {
        put(tag::TRIGGER, hash);
    }
    tags
}

/// The attribute that says when a write-only one is sent again: `password_version`.
#[must_use]
pub fn version_name(write_only: &str) -> String {
    format!("{write_only}_version")
}

/// The tag that keeps the version of a write-only attribute.
#[must_use]
pub fn version_tag(write_only: &str) -> String {
    format!("{}{write_only}_version", tag::PREFIX)
}

/// The hash of what `replace_triggered_by` says; `None` where it says nothing, or nothing that is known yet.
#[must_use]
pub fn trigger_hash(trigger: &Value) -> Option<String> {
    let json = trigger.to_json().filter(|json| !json.is_null())?;
    Some(short_hash(&json.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_others_are_left_alone() {
        let rules = TagRules::new(&["cost-*".to_owned(), "team?".to_owned()]);
        for (key, others) in [
            ("aws:cloudformation:stack", true),
            ("cost-centre", true),
            ("cost", false),
            ("my-cost-x", false),
            ("team1", true),
            ("team", false),
            ("Name", false),
        ] {
            assert_eq!(rules.others(key), others, "{key}");
        }
    }

    #[test]
    fn a_trigger_is_hashed_only_where_it_says_something_known() {
        assert_eq!(trigger_hash(&Value::Null), None);
        assert_eq!(trigger_hash(&Value::unknown(crate::kind::Shape::Any, "vpc")), None);
        assert_eq!(trigger_hash(&Value::from("a")).map(|h| h.len()), Some(8));
        assert_ne!(trigger_hash(&Value::from("a")), trigger_hash(&Value::from("b")));
    }
}
