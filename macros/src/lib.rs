//! Derives the fact table of a clefctl kind.
