//! The examples: a small stack for each kind and lookup, as `examples/` has them.

/// The example of a kind (`vpc`) or a lookup (`lookups/vpc`).
#[must_use]
pub fn example(name: &str) -> Option<&'static str> {
    const ALL: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));
    ALL.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}
