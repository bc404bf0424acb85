//! Who owns a thing, and which entry of the stack it is.

use std::fmt;
use std::sync::Arc;

/// The owner of everything that one environment of one stack manages: `clefcloud/dev`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// Name of the stack.
    pub stack: Arc<str>,
    /// Name of the environment.
    pub env: Arc<str>,
}

impl Owner {
    /// Makes the owner of one environment.
    #[must_use]
    pub fn new(stack: &str, env: &str) -> Self {
        Self { stack: stack.into(), env: env.into() }
    }

    /// Reads `stack/env`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (stack, env) = text.split_once('/')?;
        (!stack.is_empty() && !env.is_empty() && !env.contains('/')).then(|| Self::new(stack, env))
    }

    /// What default names begin with: `clefcloud-dev`.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{}-{}", self.stack, self.env)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stack, self.env)
    }
}

/// One instance of one resource: `vpc`, `public["a"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Name of the resource in the stack.
    pub name: Arc<str>,
    /// Key under `for_each`.
    pub key: Option<Arc<str>>,
}

impl Address {
    /// Makes the address of a resource without `for_each`.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self { name: name.into(), key: None }
    }

    /// Makes the address of one instance under `for_each`.
    #[must_use]
    pub fn keyed(name: &str, key: &str) -> Self {
        Self { name: name.into(), key: Some(key.into()) }
    }

    /// Reads `name` or `name["key"]`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('[') else {
            return is_name(text).then(|| Self::plain(text));
        };
        let key: String = serde_json::from_str(rest.strip_suffix(']')?).ok()?;
        is_name(name).then(|| Self::keyed(name, &key))
    }

    /// The value of the ownership tag `clefctl:resource`: `<kind>/<name>[/<key>]`.
    #[must_use]
    pub fn tag(&self, kind: &str) -> String {
        match &self.key {
            None => format!("{kind}/{}", self.name),
            Some(key) => format!("{kind}/{}/{}", self.name, encode(key)),
        }
    }

    /// Reads the value of the ownership tag; gives the kind's name as well.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<(&str, Self)> {
        let mut parts = tag.splitn(3, '/');
        let (kind, name) = (parts.next()?, parts.next()?);
        let key = match parts.next() {
            None => None,
            Some(key) => Some(decode(key)?.into()),
        };
        (is_name(kind) && is_name(name)).then(|| (kind, Self { name: name.into(), key }))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            None => f.write_str(&self.name),
            Some(key) => write!(f, "{}[{}]", self.name, serde_json::Value::from(&**key)),
        }
    }
}

/// Whether the text can name a resource: `[a-z][a-z0-9_]*`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Encodes a key for tags: what is outside `[A-Za-z0-9._-]` becomes `=` and two hex digits per UTF-8 byte.
#[must_use]
pub fn encode(key: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(key.len());
    for b in key.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "={b:02x}");
        }
    }
    out
}

/// Reads what [`encode`] wrote; `None` where it cannot have written it.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        if b == b'=' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            out.push(b);
            rest = tail;
        }
    }
    String::from_utf8(out).ok().filter(|key| encode(key) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_text_and_tags() {
        for address in [Address::plain("vpc"), Address::keyed("public", "a"), Address::keyed("r", "é/\"=x y")] {
            assert_eq!(Address::parse(&address.to_string()).as_ref(), Some(&address));
            assert_eq!(Address::from_tag(&address.tag("subnet")), Some(("subnet", address.clone())));
        }
        assert_eq!(Address::keyed("r", "é").tag("vpc"), "vpc/r/=c3=a9");
    }

    #[test]
    fn what_no_address_wrote_is_refused() {
        for text in ["", "Vpc", "a[", "a[b]", "a[\"b\"]x", "1a"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        for tag in ["vpc", "vpc/", "vpc/a/=C3", "vpc/a/=3", "vpc/a/b c"] {
            assert_eq!(Address::from_tag(tag), None, "{tag}");
        }
    }
}
