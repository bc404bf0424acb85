//! What is known of each user: the schema of a user pool.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

/// One fact about each user.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Schema {
    /// Its name, without `custom:`; that of a standard attribute changes whether that is required or can change.
    #[attr(length(1, 20))]
    pub(super) name: String,
    /// What it is.
    #[attr(values("Boolean", "DateTime", "Number", "String"))]
    pub(super) attribute_data_type: String,
    /// Whether it can be changed.
    #[attr(default = true)]
    pub(super) mutable: bool,
    /// Whether each user has it; standard ones only.
    #[attr(default = false)]
    pub(super) required: bool,
    /// Whether only the developer's credentials can change it.
    #[attr(default = false)]
    pub(super) developer_only_attribute: bool,
    /// Shortest and longest text.
    pub(super) string_attribute_constraints: Option<Lengths>,
    /// Smallest and largest number.
    pub(super) number_attribute_constraints: Option<Limits>,
}

/// Shortest and longest text.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lengths {
    /// Fewest characters.
    pub(super) min_length: Option<i64>,
    /// Most characters.
    pub(super) max_length: Option<i64>,
}

/// Smallest and largest number.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// The smallest.
    pub(super) min_value: Option<i64>,
    /// The largest.
    pub(super) max_value: Option<i64>,
}

impl Schema {
    /// What a stack may have said; nothing of standard attributes that are as they always are.
    pub(super) fn read(found: &sdk::SchemaAttributeType) -> Option<Self> {
        let full = found.name()?;
        let plain = full.strip_prefix("dev:").unwrap_or(full);
        let custom = plain.strip_prefix("custom:");
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let schema = Self {
            name: custom.unwrap_or(plain).to_owned(),
            attribute_data_type: found.attribute_data_type().map_or("String", |kind| kind.as_str()).to_owned(),
            mutable: found.mutable.unwrap_or(true),
            required: found.required.unwrap_or_default(),
            developer_only_attribute: found.developer_only_attribute.unwrap_or_default(),
            string_attribute_constraints: found
                .string_attribute_constraints()
                .map(|found| Lengths { min_length: number(found.min_length()), max_length: number(found.max_length()) })
                .filter(|found| found.min_length.is_some() || found.max_length.is_some()),
            number_attribute_constraints: found
                .number_attribute_constraints()
                .map(|found| Limits { min_value: number(found.min_value()), max_value: number(found.max_value()) })
                .filter(|found| found.min_value.is_some() || found.max_value.is_some()),
        };
        let told = custom.is_some() || (schema.name != "sub" && !schema.is_usual());
        told.then_some(schema)
    }

    pub(super) fn write(&self) -> sdk::SchemaAttributeType {
        let text = |number: Option<i64>| number.map(|number| number.to_string());
        let lengths = self.string_attribute_constraints.as_ref().map(|lengths| {
            sdk::StringAttributeConstraintsType::builder()
                .set_min_length(text(lengths.min_length))
                .set_max_length(text(lengths.max_length))
                .build()
        });
        let limits = self.number_attribute_constraints.as_ref().map(|limits| {
            sdk::NumberAttributeConstraintsType::builder()
                .set_min_value(text(limits.min_value))
                .set_max_value(text(limits.max_value))
                .build()
        });
        sdk::SchemaAttributeType::builder()
            .name(&self.name)
            .attribute_data_type(self.attribute_data_type.as_str().into())
            .mutable(self.mutable)
            .required(self.required)
            .developer_only_attribute(self.developer_only_attribute)
            .set_string_attribute_constraints(lengths)
            .set_number_attribute_constraints(limits)
            .build()
    }

    /// Whether the name is one of OpenID's.
    pub(super) fn is_standard(&self) -> bool {
        STANDARD.contains(&self.name.as_str())
    }

    /// Whether it is as standard attributes are when nothing is said of them.
    fn is_usual(&self) -> bool {
        self.is_standard() && self.mutable && !self.required && !self.developer_only_attribute
    }

    /// Whether this is satisfied by what lives; limits that are not written are AWS's.
    fn fits(&self, live: &Self) -> bool {
        let free = |mut schema: Self| {
            if self.string_attribute_constraints.is_none() {
                schema.string_attribute_constraints = None;
            }
            if self.number_attribute_constraints.is_none() {
                schema.number_attribute_constraints = None;
            }
            schema
        };
        *self == free(live.clone())
    }
}

/// The standard attributes of OpenID, as Cognito has them.
const STANDARD: [&str; 20] = [
    "address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "identities", "locale",
    "middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username",
    "profile", "updated_at", "website", "zoneinfo",
];

/// What has to be added to a schema so that it says what is wanted; `None` where adding is not enough.
pub(super) fn missing<'a>(wanted: &'a BTreeSet<Schema>, live: &BTreeSet<Schema>) -> Option<Vec<&'a Schema>> {
    if live.iter().any(|there| !wanted.iter().any(|schema| schema.name == there.name)) {
        return None;
    }
    let mut new = Vec::new();
    for schema in wanted {
        match live.iter().find(|there| there.name == schema.name) {
            Some(there) if schema.fits(there) => {}
            Some(_) => return None,
            None if schema.is_usual() => {}
            None if schema.is_standard() => return None,
            None => new.push(schema),
        }
    }
    Some(new)
}

/// Whether a declared schema is satisfied by an observed one.
pub(super) fn same_schema(declared: &Value, observed: &Value) -> bool {
    let read = |value: &Value| {
        let json = value.to_json().filter(|json| !json.is_null()).unwrap_or_else(|| serde_json::json!([]));
        serde_json::from_value::<BTreeSet<Schema>>(json).ok()
    };
    match (read(declared), read(observed)) {
        (Some(wanted), Some(live)) => missing(&wanted, &live).is_some_and(|new| new.is_empty()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str, required: bool) -> Schema {
        Schema {
            name: name.to_owned(),
            attribute_data_type: "String".to_owned(),
            mutable: true,
            required,
            developer_only_attribute: false,
            string_attribute_constraints: None,
            number_attribute_constraints: None,
        }
    }

    #[test]
    fn only_attributes_of_ones_own_can_be_added() {
        let live = BTreeSet::from([schema("team", false), schema("email", true)]);
        let with = |more: Schema| live.iter().cloned().chain([more]).collect::<BTreeSet<_>>();
        let added = |wanted: &BTreeSet<Schema>| missing(wanted, &live).map(|new| new.len());
        assert_eq!(added(&live), Some(0));
        assert_eq!(added(&with(schema("club", false))), Some(1));
        assert_eq!(added(&with(schema("name", false))), Some(0), "it is there already");
        assert_eq!(added(&with(schema("name", true))), None, "a standard attribute cannot become required");
        assert_eq!(added(&BTreeSet::from([schema("team", false)])), None, "none can be taken away");
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let wanted = Schema {
            string_attribute_constraints: Some(Lengths { min_length: Some(1), max_length: Some(40) }),
            ..schema("team", false)
        };
        let mut sent = wanted.write();
        sent.name = Some("custom:team".to_owned());
        assert_eq!(Schema::read(&sent), Some(wanted));
        assert_eq!(Schema::read(&schema("email", false).write()), None);
    }
}
