//! From a stack and what lives to a plan, and from a plan to what lives.

pub mod event;
pub mod plan;
