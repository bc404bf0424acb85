//! From text to hcl-edit's tree, and from its complaints to ours.

use hcl_edit::expr::Expression;
use hcl_edit::parser::{self, Error};
use hcl_edit::template::Template;

use super::place::Place;
use crate::error::Problem;

/// Reads the text of a scalar.
pub(super) fn template(text: &str, place: &Place) -> Result<Template, Problem> {
    parser::parse_template(text).map_err(|error| problem(text, &error, place))
}

/// Reads an expression that stands without `${` and `}`.
pub(super) fn expression(text: &str, place: &Place) -> Result<Expression, Problem> {
    parser::parse_expr(text).map_err(|error| problem(text, &error, place))
}

fn problem(text: &str, error: &Error, place: &Place) -> Problem {
    let offset = error.location().offset().min(text.len());
    Problem::error(error.message()).at(place.at(offset..offset + 1))
}
