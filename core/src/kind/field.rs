//! Types for the fields of a kind's struct, beyond what Rust has.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attribute::{Absent, DocumentKind, Type, Typed};

/// The physical name of a resource; the engine fills in the default before a struct is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(pub String);

impl std::ops::Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Typed for Name {
    const TYPE: Type = Type::Name;
    const ABSENT: Absent = Absent::Aws("made of stack, environment and resource when it is created, then kept");
}

/// A network in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cidr(pub String);

impl Cidr {
    /// How many leading bits are the network's: 16 of `10.0.0.0/16`.
    #[must_use]
    pub fn prefix(&self) -> Option<u8> {
        self.0.split_once('/')?.1.parse().ok()
    }

    /// Whether it is an IPv6 network.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        self.0.contains(':')
    }
}

impl std::ops::Deref for Cidr {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Typed for Cidr {
    const TYPE: Type = Type::Cidr;
}

/// A text that is never shown, never read back, and sent only in the call that needs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one call that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl Typed for Secret {
    const TYPE: Type = Type::String;
    const SENSITIVE: bool = true;
}

/// A document compared as JSON. Stacks write it in YAML or as a string of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Json(pub serde_json::Value);

/// An IAM policy. Stacks write it in YAML or as a string of JSON; compared by meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Policy(pub serde_json::Value);

fn parsed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<serde_json::Value, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => serde_json::from_str(&text).map_err(serde::de::Error::custom),
        document => Ok(document),
    }
}

macro_rules! document {
    ($name:ident, $kind:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                parsed(deserializer).map(Self)
            }
        }

        impl $name {
            /// Reads a document as AWS reports it; what is no JSON becomes a string.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                Self(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
            }
        }

        /// The text that is sent to AWS.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.to_string().cmp(&other.0.to_string())
            }
        }

        impl Typed for $name {
            const TYPE: Type = Type::Document(DocumentKind::$kind);
        }
    };
}

document!(Json, Json);
document!(Policy, Policy);
