//! From a stack and what lives to a plan, and from a plan to what lives.

pub mod declare;
pub mod event;
pub mod ignore;
pub mod known;
pub mod plan;
pub mod planned;
pub mod tags;
