//! What the values of records look like. Source: "Supported DNS record types" of the Route 53 guide.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use clefctl_core::kind::Violation;

/// The values that are none of the type.
pub(super) fn check(sort: &str, values: &BTreeSet<String>) -> Vec<Violation> {
    let mut found = Vec::new();
    if sort == "CNAME" && values.len() > 1 {
        found.push(Violation::new("records", "a CNAME has one value"));
    }
    let (fits, what): (fn(&str) -> bool, _) = match sort {
        "A" => (|value| value.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        "AAAA" => (|value| value.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        "MX" => (|value| is_numbered(value, 1), "a priority and a name: `10 mail.example.com`"),
        "SRV" => (|value| is_numbered(value, 3), "priority, weight, port and a name: `0 5 443 chat.example.com`"),
        _ => return found,
    };
    for value in values.iter().filter(|value| !fits(value)) {
        found.push(Violation::new("records", format!("`{value}` is no value of type {sort}, which is {what}")));
    }
    found
}

/// So many numbers, and a word.
fn is_numbered(value: &str, numbers: usize) -> bool {
    let words: Vec<&str> = value.split_whitespace().collect();
    words.len() == numbers + 1 && words[..numbers].iter().all(|word| word.parse::<u16>().is_ok())
}
