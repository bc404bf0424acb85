//! What the wire tests stand on: an emulated AWS (moto and what it lacks) and an independent client (boto3).

#![allow(dead_code, reason = "a vocabulary for tests: each uses the words it needs")]

mod moto;
pub(crate) mod python;

pub(crate) use moto::{Fault, Moto};
