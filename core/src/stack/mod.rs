//! The stack language: from a YAML file to the instances that it declares.

pub mod expression;
mod inputs;
mod instance;

pub use inputs::{Inputs, Offline, World};
pub use instance::{Instance, Lifecycle, LookupUse, Moved, OutputUse, Reference, Stack, Target, Timeouts};
