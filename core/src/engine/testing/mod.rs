//! What the tests of the engine share.

mod store;

pub(crate) use store::{Fault, Line};
