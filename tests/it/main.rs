//! The integration tests, one binary: they see clefctl from outside.

mod buckets;
mod clefcloud;
mod conformance;
mod databases;
mod documents;
mod emulator;
mod layers;
mod neighbours;
mod outposts;
mod reference;
mod rollout;
mod secrets;
mod support;
#[cfg(unix)]
mod tour;
mod transcripts;
