//! The stack language: from a YAML file to the instances that it declares.
//!
//! [`load`] reads the file with what it includes. [`StackFile::check`] says everything that is wrong with it, offline
//! and for every environment. [`StackFile::prepare`] chooses an environment, [`Prepared::expand`] makes a [`Stack`] of
//! it, and [`Stack::evaluate`] says what an instance is to be, as often as more is known of the world.

mod check;
mod desired;
mod document;
mod evaluate;
mod expand;
pub mod expression;
mod inputs;
mod instance;
mod load;
mod node;
mod plain;
mod prepare;
mod resolve;
mod scope;
mod stand_in;
mod tree;
mod uses;
mod variables;
mod view;
mod yaml;

pub use document::{RESOURCE_KEYS, StackFile, TOP_KEYS};
pub use inputs::{Inputs, Offline};
pub use instance::{OutputUse, Stack};
pub use load::{Loaded, load};
pub use prepare::Prepared;

use crate::error::Problem;

/// The problems in the order of the files, each once: the same words at the same place are the same problem, even if
/// one underlines more.
fn tidy(mut problems: Vec<Problem>) -> Vec<Problem> {
    let place = |problem: &Problem| problem.span.map(|span| (span.file, span.start));
    problems.sort_by(|a, b| (place(a), words(a), a.span).cmp(&(place(b), words(b), b.span)));
    problems.dedup_by(|a, b| place(a) == place(b) && words(a) == words(b));
    problems
}

fn words(problem: &Problem) -> (&str, &str) {
    (&problem.attribute, &problem.message)
}
