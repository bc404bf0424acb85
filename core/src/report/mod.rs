//! What people and machines are told: plans, progress, problems, tables. The only place that prints.
//!
//! Functions named `text` are pure: they give text with colours in it. [`Ui`] writes it, strips the colours where
//! they do not belong, and copies what happens as JSON lines where a machine listens.

mod plan;
mod problem;
mod style;
mod terminal;
mod value;
mod value_diff;
mod words;

#[cfg(test)]
mod tests;

pub use plan::{View, text as plan};
pub use problem::text as problems;
pub use style::Layout;
pub use terminal::{ColorChoice, Stream, Ui};
