//! The integration tests, one binary: they see clefctl from outside.

mod emulator;
mod support;
