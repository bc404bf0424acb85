//! The pure half of clefctl: everything that needs no AWS SDK.
//!
//! The modules in the order in which they may import each other (design section "parts"):
//! `error` <- `kind` <- { `stack`, `engine`, `generate` } <- { `simulation`, `report` }.

// The derive names this crate from outside, and is used inside as well.
extern crate self as clefctl_core;

pub mod engine;
pub mod error;
pub mod generate;
pub mod kind;
#[cfg(test)]
mod rehearsals;
pub mod report;
pub mod simulation;
pub mod stack;
