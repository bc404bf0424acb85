//! The expressions of the stack language: HCL in `${…}`, with Terraform's functions.
//!
//! [`Template::parse`] reads a scalar, [`Template::references`] says what it refers to, [`Template::evaluate`] computes
//! it. What names mean is the business of whoever implements [`Names`].

mod comprehend;
mod convert;
mod eval;
mod files;
mod functions;
mod lower;
mod names;
mod operators;
mod parse;
mod place;
mod references;
mod suggest;
mod syntax;
mod template;
mod traverse;
mod types;

pub use convert::convert;
pub use files::Files;
pub use functions::signatures;
pub use names::{Found, Key, Names, Step};
pub use place::Place;
pub use references::{Reference, ReferenceKind, ReferenceStep};
pub use suggest::{nearest, unknown_name};
pub use template::{Expression, Template};
pub use types::parse_shape;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
