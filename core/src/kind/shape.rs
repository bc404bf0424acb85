//! Shapes: the types of values, as variables declare them and as unknown values carry them.

use std::collections::BTreeMap;
use std::fmt;

use super::value::Value;

/// The type of a value of the stack language.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Shape {
    /// Anything.
    #[default]
    Any,
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `list(T)`.
    List(Box<Shape>),
    /// `set(T)`: sorted, without duplicates.
    Set(Box<Shape>),
    /// `map(T)`.
    Map(Box<Shape>),
    /// `tuple([A, B])`.
    Tuple(Vec<Shape>),
    /// `object({a = A, b = optional(B, 3)})`.
    Object(BTreeMap<String, Field>),
}

/// One attribute of an object shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The type of the attribute.
    pub shape: Shape,
    /// `None` when the attribute must be there, else what stands for it when it is not.
    pub default: Option<Value>,
}

/// As Terraform writes types: `object({min = number})`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Set(item) => write!(f, "set({item})"),
            Self::Map(item) => write!(f, "map({item})"),
            Self::Tuple(items) => {
                f.write_str("tuple([")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("])")
            }
            Self::Object(fields) => {
                f.write_str("object({")?;
                for (i, (name, field)) in fields.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    match &field.default {
                        None => write!(f, "{name} = {}", field.shape)?,
                        Some(Value::Null) => write!(f, "{name} = optional({})", field.shape)?,
                        Some(default) => write!(f, "{name} = optional({}, {default})", field.shape)?,
                    }
                }
                f.write_str("})")
            }
        }
    }
}
