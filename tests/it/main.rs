//! The integration tests, one binary: they see clefctl from outside.

mod buckets;
mod conformance;
mod emulator;
mod layers;
mod reference;
mod rollout;
mod secrets;
mod support;
mod transcripts;
