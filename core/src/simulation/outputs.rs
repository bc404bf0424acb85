//! Values from patterns: ids, ARNs, addresses.
//!
//! `looks_like` of an attribute says what its values look like. `{…}` stands for what differs:
//!
//! | written | becomes |
//! |---|---|
//! | `{hex:17}`, `{digits:12}`, `{lower:8}`, `{upper:13}`, `{alnum:26}` | so many characters of `0-9a-f`, `0-9`, `a-z`, `A-Z0-9`, `a-z0-9` |
//! | `{uuid}`, `{ip}`, `{ipv6}` | a UUID, an address of the networks set aside for tests |
//! | `{region}`, `{account}`, `{kind}` | where the thing lives, what it is |
//! | `{id}`, `{name}` | the thing's own id and physical name |
//! | `{attr:cidr_block}`, `{attr:vpc_config.vpc_id}`, `{attr:groups.0}` | an attribute, or an output that stands before it |
//! | `{bare:url}` | the same of a URL, without `https://` |
//! | `{after:set_identifier}` | the same after a `/`, or nothing where it is null |
//! | `{n}` | 1 at first, one more with each update |
//!
//! Lists are written with commas between their items; numbers and truth values as they are; anything else as JSON.
//! What is chosen depends on the seed alone (kind, address, generation, how often it was made) and on the
//! attribute's name, so that the same run yields the same values.

use sha2::{Digest, Sha256};

use crate::kind::{Attribute, Block, Changes, Map, Number, Type, Value};

/// What patterns may speak of.
#[derive(Clone, Copy)]
pub(super) struct Patterns<'a> {
    /// What makes the thing's values differ from those of others.
    pub(super) seed: &'a str,
    pub(super) kind: &'a str,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) attributes: &'a Map,
    /// How often the thing was updated, plus one.
    pub(super) n: u64,
}

impl Patterns<'_> {
    /// A value for an attribute, in the attribute's type. `outputs` are those made so far.
    pub(super) fn value(&self, attribute: &Attribute, outputs: &Map) -> Value {
        let value = if attribute.looks_like.is_empty() {
            self.plausible(attribute, outputs)
        } else {
            self.typed(&attribute.ty, attribute.looks_like, attribute.name, outputs)
        };
        if attribute.sensitive { value.sensitive() } else { value }
    }

    /// A text for a pattern; `salt` makes the same pattern differ between attributes.
    pub(super) fn text(&self, pattern: &str, salt: &str, outputs: &Map) -> String {
        let mut out = String::new();
        let mut rest = pattern;
        let mut place = 0_u32;
        while let Some((before, tail)) = rest.split_once('{') {
            out.push_str(before);
            let Some((word, after)) = tail.split_once('}') else {
                out.push('{');
                rest = tail;
                continue;
            };
            place += 1;
            let text = self.word(word, &format!("{salt}#{place}"), outputs);
            out.push_str(&text.unwrap_or_else(|| format!("{{{word}}}")));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn word(&self, word: &str, salt: &str, outputs: &Map) -> Option<String> {
        let chosen = |alphabet: &[u8], length: &str| Some(choose(&[self.seed, salt], alphabet, length.parse().ok()?));
        let hex = |length| choose(&[self.seed, salt], HEX, length);
        Some(match word.split_once(':') {
            Some(("hex", length)) => chosen(HEX, length)?,
            Some(("digits", length)) => chosen(DIGITS, length)?,
            Some(("lower", length)) => chosen(&ALNUM[10..], length)?,
            Some(("upper", length)) => chosen(ALNUM, length)?.to_uppercase(),
            Some(("alnum", length)) => chosen(ALNUM, length)?,
            Some(("attr", path)) => written(at(path, self.attributes).or_else(|| at(path, outputs))?),
            Some(("bare", path)) => {
                let text = written(at(path, self.attributes).or_else(|| at(path, outputs))?);
                text.strip_prefix("https://").map(str::to_owned).unwrap_or(text)
            }
            Some(("after", path)) => {
                let value = at(path, self.attributes).filter(|value| !value.is_null());
                value.map(|value| format!("/{}", written(value))).unwrap_or_default()
            }
            Some(_) => return None,
            None => match word {
                "region" => self.region.to_owned(),
                "account" => self.account.to_owned(),
                "kind" => self.kind.to_owned(),
                "id" => self.id.to_owned(),
                "name" => self.name.to_owned(),
                "n" => self.n.to_string(),
                "uuid" => {
                    let h = hex(31);
                    format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[12..15], &h[15..18], &h[18..30])
                }
                "ip" => {
                    let [a, b, c, ..] = digest(&[self.seed, salt]);
                    format!("198.{}.{b}.{c}", 18 + (a & 1))
                }
                "ipv6" => {
                    let h = hex(16);
                    format!("2001:db8:{}:{}:{}:{}::", &h[..4], &h[4..8], &h[8..12], &h[12..])
                }
                _ => return None,
            },
        })
    }

    fn typed(&self, ty: &Type, pattern: &str, salt: &str, outputs: &Map) -> Value {
        match ty {
            Type::List(item) | Type::Set(item) => {
                let items = pattern.split(',').enumerate();
                Value::list(items.map(|(i, part)| self.typed(item, part.trim(), &format!("{salt}.{i}"), outputs)))
            }
            _ => Self::scalar(ty, self.text(pattern, salt, outputs)),
        }
    }

    fn scalar(ty: &Type, text: String) -> Value {
        match ty {
            Type::Int | Type::Number => Number::parse(&text).map_or(Value::Null, Value::Number),
            Type::Bool => Value::Bool(text == "true"),
            Type::Map(_) | Type::Block(_) | Type::Any | Type::Document(_) => {
                serde_json::from_str(&text).map_or_else(|_| Value::from(text), |json| Value::from_json(&json))
            }
            _ => Value::from(text),
        }
    }

    /// A value for an attribute of which no pattern says what it looks like.
    fn plausible(&self, attribute: &Attribute, outputs: &Map) -> Value {
        if let Some(first) = attribute.values.first() {
            return Self::scalar(&attribute.ty, (*first).to_owned());
        }
        let name = attribute.name;
        match &attribute.ty {
            Type::Bool => Value::Bool(false),
            Type::Int | Type::Number => match (attribute.changes, attribute.range) {
                (Changes::OnAnyUpdate | Changes::OnUpdateOf(_), _) => Value::from(i64::try_from(self.n).unwrap_or(1)),
                (Changes::OnReplacement, Some((low, _))) => Value::from(low),
                (Changes::OnReplacement, None) => Value::from(1),
            },
            Type::List(_) | Type::Set(_) => Value::list([]),
            Type::Map(_) => Value::from(Map::new()),
            Type::Block(block) => Value::from(self.block(block)),
            Type::Cidr => Value::from("10.0.0.0/16"),
            Type::Name => Value::from(self.name),
            Type::Reference { .. } | Type::Any | Type::Document(_) => Value::Null,
            Type::String => {
                let pattern = match name {
                    _ if name == "arn" || name.ends_with("_arn") => {
                        let path = if self.id.starts_with("arn:") { "{name}" } else { "{id}" };
                        return Value::from(self.text(
                            &format!("arn:aws:{}:{{region}}:{{account}}:{{kind}}/{path}", self.service),
                            name,
                            outputs,
                        ));
                    }
                    "id" => "{kind}-{hex:17}",
                    "availability_zone" => "{region}a",
                    _ if name.ends_with("_id") => "{hex:17}",
                    _ if name.ends_with("version") => "1.0",
                    _ if ["dns_name", "domain_name", "endpoint", "address", "host"]
                        .iter()
                        .any(|w| name.ends_with(w)) =>
                    {
                        "{name}.{hex:12}.{region}.example"
                    }
                    _ if name.ends_with("name") || name == "identifier" => "{name}",
                    _ => "default",
                };
                Value::from(self.text(pattern, name, outputs))
            }
        }
    }

    fn block(&self, block: &Block) -> Map {
        let values = block.attributes.iter().map(|a| (a.name.to_owned(), self.value(a, &Map::new())));
        values.filter(|(_, value)| !value.is_null()).collect()
    }
}

/// Hexadecimal digits.
pub(super) const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";
const ALNUM: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// So many characters of an alphabet, chosen by a seed.
pub(super) fn choose(seed: &[&str], alphabet: &[u8], length: usize) -> String {
    let mut out = String::with_capacity(length);
    let mut round = 0_u32;
    while out.len() < length {
        let bytes = digest(&[&seed.join("\n"), &round.to_string()]);
        let letters = bytes.iter().filter_map(|b| alphabet.get(usize::from(*b) % alphabet.len()));
        out.extend(letters.take(length - out.len()).map(|b| char::from(*b)));
        round += 1;
    }
    out
}

/// A hash of texts, the same on every machine and in every version.
pub(super) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// The value at a path of names and indices.
fn at<'v>(path: &str, map: &'v Map) -> Option<&'v Value> {
    let mut parts = path.split('.');
    let mut value = map.get(parts.next()?)?;
    for part in parts {
        value = match part.parse::<usize>() {
            Ok(index) => value.as_list()?.get(index)?,
            Err(_) => value.as_map()?.get(part)?,
        };
    }
    Some(value)
}

fn written(value: &Value) -> String {
    match value.reveal() {
        Value::Null => String::new(),
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(attributes: &Map) -> Patterns<'_> {
        Patterns {
            seed: "vpc/main|1",
            kind: "vpc",
            service: "ec2",
            region: "eu-west-3",
            account: "123456789012",
            id: "vpc-1",
            name: "main",
            attributes,
            n: 3,
        }
    }

    #[test]
    fn patterns_say_what_values_look_like() {
        let attributes = Map::from([
            ("cidr_block".to_owned(), Value::from("10.0.0.0/16")),
            ("url".to_owned(), Value::from("https://accounts.example/x")),
            ("config".to_owned(), Value::map([("groups", Value::list([Value::from("a"), Value::from("b")]))])),
        ]);
        let outputs = Map::from([("told".to_owned(), Value::from(7))]);
        for (pattern, want) in [
            ("oidc-provider/{bare:url}", "^oidc-provider/accounts.example/x$"),
            ("arn:aws:ec2:{region}:{account}:{kind}/{id}", "^arn:aws:ec2:eu-west-3:123456789012:vpc/vpc-1$"),
            ("{hex:17}", "^[0-9a-f]{17}$"),
            ("{hex:100}", "^[0-9a-f]{100}$"),
            ("{digits:12}-{lower:3}-{upper:13}-{alnum:26}", "^[0-9]{12}-[a-z]{3}-[A-Z0-9]{13}-[a-z0-9]{26}$"),
            ("{uuid}", "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$"),
            ("{ip}", r"^198\.1[89]\.\d+\.\d+$"),
            ("{name}.{n}.{attr:cidr_block}.{attr:config.groups.1}.{attr:told}", "^main.3.10.0.0.0/16.b.7$"),
            ("{name}{after:config.groups.1}{after:none}", "^main/b$"),
            ("{what} {hex:x} {attr:none} {", r"^\{what\} \{hex:x\} \{attr:none\} \{$"),
        ] {
            let text = patterns(&attributes).text(pattern, "a", &outputs);
            assert!(regex::Regex::new(want).unwrap().is_match(&text), "{pattern}: {text}");
            assert_eq!(text, patterns(&attributes).text(pattern, "a", &outputs), "the same again");
        }
        let text = |salt| patterns(&attributes).text("{hex:17}-{hex:17}", salt, &outputs);
        let (first, second) = (text("a"), text("b"));
        assert_ne!(first, second);
        assert_ne!(first.split_once('-').unwrap().0, first.split_once('-').unwrap().1);
        let (v6, nets) = (patterns(&attributes).text("{ipv6}", "a", &outputs), "2001:db8::/32");
        let (v6, nets): (std::net::Ipv6Addr, ipnet::Ipv6Net) = (v6.parse().unwrap(), nets.parse().unwrap());
        assert!(nets.contains(&v6));
    }

    #[test]
    fn values_have_the_type_of_their_attribute() {
        let strings = Type::List(&Type::String);
        let attributes = Map::new();
        for (ty, name, looks_like, want) in [
            (Type::Int, "latest_version", "{n}", "3"),
            (Type::Bool, "on", "true", "true"),
            (strings, "zones", "{region}a, {region}b", r#"["eu-west-3a", "eu-west-3b"]"#),
            (Type::Map(&Type::String), "map", r#"{"a": "b"}"#, r#"{"a": "b"}"#),
            (strings, "names", "", "[]"),
            (Type::Bool, "on", "", "false"),
            (Type::Int, "port", "", "1"),
            (Type::String, "arn", "", r#""arn:aws:ec2:eu-west-3:123456789012:vpc/vpc-1""#),
            (Type::String, "availability_zone", "", r#""eu-west-3a""#),
            (Type::String, "engine_version", "", r#""1.0""#),
        ] {
            let attribute = Attribute { name, ty, looks_like, ..Attribute::PLAIN };
            let value = patterns(&attributes).value(&attribute, &Map::new());
            assert_eq!(value.to_string(), want, "{name}");
        }
        let secret = Attribute { sensitive: true, looks_like: "{hex:8}", ..Attribute::PLAIN };
        assert!(patterns(&attributes).value(&secret, &Map::new()).has_sensitive());
    }
}
