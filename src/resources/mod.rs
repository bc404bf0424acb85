//! The kinds: one file each, and this list.

pub mod vpc;
