//! Attributes that an API takes and gives as pairs of texts.

use std::collections::BTreeMap;

/// Attributes by their names in the API.
#[derive(Clone, Debug, Default)]
pub struct Pairs(BTreeMap<String, String>);

impl Pairs {
    /// Reads what the API answers.
    #[must_use]
    pub fn read<'a>(pairs: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Self {
        Self(pairs.filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned()))).collect())
    }

    /// Adds a pair.
    #[must_use]
    pub fn with(mut self, key: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.0.insert(key.to_owned(), value.to_string());
        self
    }

    /// The pairs that are not the same in `live`.
    #[must_use]
    pub fn beyond(&self, live: &Self) -> Vec<(&str, &str)> {
        let differs = |(key, value): &(&String, &String)| live.0.get(*key) != Some(value);
        self.0.iter().filter(differs).map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    /// A text; without one, or with an empty one, nothing.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|text| !text.is_empty()).cloned()
    }

    /// A text, or AWS's default of it.
    #[must_use]
    pub fn text_or(&self, key: &str, default: &str) -> String {
        self.text(key).unwrap_or_else(|| default.to_owned())
    }

    /// A truth value, or AWS's default of it.
    #[must_use]
    pub fn flag_or(&self, key: &str, default: bool) -> bool {
        self.0.get(key).map_or(default, |text| text == "true")
    }

    /// A number, or AWS's default of it.
    #[must_use]
    pub fn number_or(&self, key: &str, default: i32) -> i32 {
        self.0.get(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
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
}
