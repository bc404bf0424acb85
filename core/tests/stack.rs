//! The stack language against test kinds: what is wrong with bad stacks, and what good ones expand to.

#[path = "stack/bad.rs"]
mod bad;
#[path = "stack/expansion.rs"]
mod expansion;
#[path = "stack/kinds.rs"]
mod kinds;
mod tables;
