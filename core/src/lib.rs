//! The pure half of clefctl: everything that needs no AWS SDK.
//!
//! The modules in the order in which they may import each other (design section "parts"):
//! `error` <- `kind` <- { `stack`, `engine`, `generate` } <- { `simulation`, `report` }.

pub mod error;
pub mod kind;
