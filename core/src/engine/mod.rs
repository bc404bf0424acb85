//! From a stack and what lives to a plan, and from a plan to what lives.

pub mod apply;
pub mod canonical;
pub mod declare;
pub mod diff;
pub mod document;
pub mod event;
pub mod ignore;
pub mod known;
pub mod ledger;
pub mod lock;
pub mod overlay;
pub mod plan;
pub mod planned;
pub mod preflight;
pub mod tags;
#[cfg(test)]
pub(crate) mod testing;
