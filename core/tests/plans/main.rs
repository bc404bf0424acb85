//! Plans of whole stacks against what lives, as a person reads them.
//!
//! A case is a folder under `cases/`: `stack.yaml`, `live.yaml` (what lives, what a name is taken by, what lookups
//! answer, and how the command was called) and `plan.txt`. `UPDATE=1 cargo test --test plans` rewrites the plans.

mod cases;
mod kinds;
mod live;
mod render;
mod scale;
#[path = "../tables/mod.rs"]
mod tables;
