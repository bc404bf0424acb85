//! The integration tests, one binary: they see clefctl from outside.

mod conformance;
mod emulator;
#[cfg(unix)]
mod interrupt;
mod rollout;
mod support;
mod transcripts;
