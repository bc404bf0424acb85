//! What people and machines are told: plans, progress, problems, tables. The only place that prints.
//!
//! Functions named `text` are pure: they give text with colours in it. [`Ui`] writes it, strips the colours where
//! they do not belong, and copies what happens as JSON lines where a machine listens.

mod error;
mod html;
pub mod json;
mod markdown;
mod plan;
mod problem;
mod progress;
mod saved;
mod style;
mod terminal;
mod things;
mod value;
mod value_diff;
mod words;

#[cfg(test)]
mod tests;

pub use error::text as error;
pub use html::text as html;
pub use markdown::{BUDGET as MARKDOWN_BUDGET, text as markdown};
pub use plan::{View, text as plan};
pub use problem::text as problems;
pub use progress::{Progress, Status};
pub use saved::{Origin, Saved};
pub use style::Layout;
pub use terminal::{ColorChoice, Stream, Ui};
pub use things::{output_raw, outputs, outputs_json, table, things, things_json};
pub use words::shell;
