//! What the tests of the engine share.

mod kind;
mod stack;
mod store;

pub(crate) use kind::Small;
pub(crate) use stack::{Wish, see, to_lookup};
pub(crate) use store::{Fault, Line};
