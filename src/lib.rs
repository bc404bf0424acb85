//! clefctl: declarative AWS infrastructure without a state file.
