//! clefctl: declarative AWS infrastructure without a state file.
//!
//! The modules in the order in which they may import each other: `aws` <- { `resources`, `lookups` } <- `cli`.
//! What needs no AWS SDK is the crate `clefctl-core`.

pub mod aws;
pub mod cli;
pub mod examples;
pub mod lookups;
pub mod resources;
