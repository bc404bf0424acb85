//! What the engine knows of a kind of resource, and of the account it lives in. No AWS type in sight.

mod account;
mod address;
mod attribute;
#[cfg(test)]
mod attribute_tests;
mod desired;
mod facts;
mod field;
mod naming;
mod shape;
mod together;
mod value;

pub use account::{
    Account, Ask, Context, Declared, Deletion, Entry, Expected, ExpectedInstance, Identity, Kind, Listing, Lookup,
    Observed, Owned, Registry, Select, Status, Store, TagChange, Tags, Violation, tag,
};
pub use address::{Address, Owner, decode, encode, is_name};
pub use attribute::{
    Absent, Attribute, Attributes, Block, Changes, DocumentKind, Literal, PolicyKind, Rule, Type, Typed,
};
pub use clefctl_macros::Attributes;
pub use desired::{
    Desired, GLOBAL_REGION, Instance, Lifecycle, LookupUse, Moved, Output, Reference, Source, Target, Timeouts, World,
};
pub use facts::{Actions, Facts, Found, LookupFacts, Mark, NameChars, Naming, PerVerb, Place, Replacement, Unique};
pub use field::{Cidr, Json, Name, Policy, Secret};
pub use naming::{default_name, generation_of, generation_suffix, short_hash};
pub use shape::{Field, Shape};
pub use together::Together;
pub use value::{Map, Number, Unknown, Value};
