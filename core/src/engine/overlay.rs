//! Declared beside observed: what the stack has an opinion on, whether it is satisfied, and one laid over the other.

use super::canonical::{canonical, canonical_of, is_empty};
use crate::kind::{Absent, Attribute, Block, Literal, Map, Type, Value};

/// What the stack says of an attribute: the written value, else the default; `None` where it has no opinion.
#[must_use]
pub fn opinion(attribute: &Attribute, declared: &Map) -> Option<Value> {
    match (declared.get(attribute.name).filter(|value| !value.is_null()), attribute.absent) {
        (Some(written), _) => Some(written.clone()),
        (None, Absent::Default(literal @ Literal::Of(_))) => {
            Some(literal.value(declared)).filter(|value| !value.is_null())
        }
        (None, Absent::Default(literal)) => Some(literal.value(declared)),
        (None, Absent::Required | Absent::Aws(_)) => None,
    }
}

/// Whether an observed value is what is declared. What is not known yet never is.
#[must_use]
pub fn satisfied(attribute: &Attribute, declared: &Value, observed: &Value) -> bool {
    if !declared.is_known() {
        return false;
    }
    if attribute.same.is_some_and(|same| same(declared.reveal(), observed)) {
        return true;
    }
    if attribute.canonical.is_some() {
        return equal(&attribute.ty, &canonical(attribute, declared), &canonical(attribute, observed));
    }
    equal(&attribute.ty, declared, observed)
}

/// The declared value with the observed one wherever it has no opinion, defaults filled in.
#[must_use]
pub fn lay(ty: &Type, declared: &Value, observed: &Value) -> Value {
    match (ty, declared.reveal()) {
        (Type::Block(block), Value::Map(map)) => lay_block(block, map, observed),
        (Type::List(item), Value::List(items)) if holds_blocks(item) => {
            let live = observed.as_list().unwrap_or_default();
            let laid = items.iter().enumerate().map(|(i, entry)| lay(item, entry, live.get(i).unwrap_or(&Value::Null)));
            Value::list(laid)
        }
        (Type::Set(item), Value::List(items)) if holds_blocks(item) => {
            let live = observed.as_list().unwrap_or_default();
            Value::list(items.iter().map(|entry| {
                let found = live.iter().find(|live| entry.is_known() && equal(item, entry, live));
                lay(item, entry, found.unwrap_or(&Value::Null))
            }))
        }
        (Type::Map(item), Value::Map(entries)) if holds_blocks(item) => {
            Value::map(entries.iter().map(|(key, entry)| (key.clone(), lay(item, entry, observed.get(key)))))
        }
        _ => declared.clone(),
    }
}

fn lay_block(block: &Block, declared: &Map, observed: &Value) -> Value {
    let mut laid = Map::new();
    for attribute in block.attributes {
        let live = observed.get(attribute.name);
        let value = match opinion(attribute, declared) {
            Some(said) => lay(&attribute.ty, &said, live),
            None => live.clone(),
        };
        if !value.is_null() {
            laid.insert(attribute.name.to_owned(), value);
        }
    }
    Value::from(laid)
}

fn equal(ty: &Type, declared: &Value, observed: &Value) -> bool {
    let (declared, observed) = (declared.reveal(), observed.reveal());
    if declared == observed {
        return true;
    }
    if !matches!(ty, Type::Block(_)) && is_empty(declared) && is_empty(observed) {
        return true;
    }
    if !holds_blocks(ty) {
        return canonical_of(ty, declared) == canonical_of(ty, observed);
    }
    match (ty, declared, observed) {
        (Type::Block(block), Value::Map(said), Value::Map(live)) => {
            block.attributes.iter().filter(|attribute| !attribute.write_only && !attribute.local).all(|attribute| {
                let live = live.get(attribute.name).unwrap_or(&Value::Null);
                opinion(attribute, said).is_none_or(|said| satisfied(attribute, &said, live))
            })
        }
        (Type::List(item), Value::List(said), Value::List(live)) => {
            let said: Vec<_> = said.iter().filter(|entry| !entry.is_null()).collect();
            said.len() == live.len() && said.iter().zip(live.iter()).all(|(said, live)| equal(item, said, live))
        }
        (Type::Set(item), Value::List(said), Value::List(live)) => {
            let said: Vec<_> = said.iter().filter(|entry| !entry.is_null()).collect();
            said.len() == live.len() && all_paired(said.len(), |i, j| equal(item, said[i], &live[j]))
        }
        (Type::Map(item), Value::Map(said), Value::Map(live)) => {
            let said = || said.iter().filter(|(_, entry)| !entry.is_null());
            said().count() == live.len()
                && said().all(|(key, entry)| live.get(key).is_some_and(|live| equal(item, entry, live)))
        }
        (_, Value::Null, Value::Null) => true,
        _ => false,
    }
}

/// Whether the rows and columns `0..n` can be paired so that `fits` holds for every pair. A declared block may fit
/// several observed ones, since it may leave attributes to AWS: hence a matching, not a greedy walk.
fn all_paired(n: usize, fits: impl Fn(usize, usize) -> bool) -> bool {
    fn place(
        row: usize,
        n: usize,
        fits: &dyn Fn(usize, usize) -> bool,
        taken: &mut [Option<usize>],
        seen: &mut [bool],
    ) -> bool {
        // The same position first: AWS and stacks mostly agree on the order, and then this is linear.
        for column in (row..n).chain(0..row) {
            if !seen[column] && fits(row, column) {
                seen[column] = true;
                let free = match taken[column] {
                    None => true,
                    Some(other) => place(other, n, fits, taken, seen),
                };
                if free {
                    taken[column] = Some(row);
                    return true;
                }
            }
        }
        false
    }
    let mut taken = vec![None; n];
    (0..n).all(|row| place(row, n, &fits, &mut taken, &mut vec![false; n]))
}

fn holds_blocks(ty: &Type) -> bool {
    match ty {
        Type::Block(_) => true,
        Type::List(item) | Type::Set(item) | Type::Map(item) => holds_blocks(item),
        _ => false,
    }
}
