//! What a user pool is like of which nothing is said: as AWS reports one that says nothing of itself.

use clefctl_core::kind::{Map, Value};
use serde::Serialize;

use super::blocks::{AdminCreate, Email, PasswordPolicy, Recovery, Verification};
use super::factors::SignIn;

pub(super) fn case_counts(_pool: &Map) -> Value {
    Value::map([("case_sensitive", Value::Bool(true))])
}

pub(super) fn disabled(_pool: &Map) -> Value {
    Value::map([("enabled", Value::Bool(false))])
}

pub(super) fn anybody(_pool: &Map) -> Value {
    written(&AdminCreate::read(None))
}

pub(super) fn usual_passwords(_pool: &Map) -> Value {
    written(&PasswordPolicy::read(None))
}

pub(super) fn passwords_only(_pool: &Map) -> Value {
    written(&SignIn::read(None))
}

pub(super) fn usual_recovery(_pool: &Map) -> Value {
    written(&Recovery::read(None))
}

pub(super) fn usual_mail(_pool: &Map) -> Value {
    written(&Email::read(None))
}

pub(super) fn usual_words(_pool: &Map) -> Value {
    written(&Verification::read(None))
}

/// A block as stacks write it.
fn written<T: Serialize>(block: &T) -> Value {
    serde_json::to_value(block).map_or(Value::Null, |json| Value::from_json(&json))
}
