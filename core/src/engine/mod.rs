//! From a stack and what lives to a plan, and from a plan to what lives.

pub mod apply;
pub mod canonical;
mod decide;
pub mod declare;
mod detach;
pub mod diff;
pub mod document;
mod draft;
mod edges;
pub mod event;
mod graph;
pub mod ignore;
pub mod inventory;
pub mod known;
pub mod ledger;
mod links;
mod live;
pub mod lock;
mod order;
pub mod overlay;
pub mod places;
pub mod plan;
pub mod planned;
pub mod planner;
pub mod preflight;
#[cfg(test)]
mod properties;
mod removal;
mod replacement;
mod resolve;
pub mod scene;
pub mod session;
pub mod survey;
pub mod tags;
#[cfg(test)]
pub(crate) mod testing;

pub use planner::plan;
pub use scene::Options;
pub use survey::survey;
