//! What the engine knows of a kind of resource, and of the account it lives in. No AWS type in sight.

mod address;
mod attribute;
mod shape;
mod value;

pub use address::{Address, Owner, decode, encode, is_name};
pub use attribute::{Absent, Attribute, Attributes, Changes, DocumentKind, Literal, Type, Typed};
pub use shape::{Field, Shape};
pub use value::{Map, Number, Unknown, Value};
