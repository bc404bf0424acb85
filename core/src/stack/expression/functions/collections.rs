//! Lists and maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::super::convert::{text, with_article};
use super::super::eval::Marks;
use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::{Map, Shape, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", "list", Gives::Bool, Run::Deep(alltrue)),
    Function::new("anytrue", "list", Gives::Bool, Run::Deep(anytrue)),
    Function::new("chunklist", "list, size", Gives::List, Run::Shallow(chunklist)),
    Function::new("coalesce", "value...", Gives::Any, Run::Marked(coalesce)).with_nulls(),
    Function::new("coalescelist", "list...", Gives::List, Run::Marked(coalescelist)).with_nulls(),
    Function::new("compact", "list", Gives::Strings, Run::Deep(compact)),
    Function::new("concat", "list...", Gives::List, Run::Shallow(concat)),
    Function::new("contains", "list, value", Gives::Bool, Run::Deep(contains)).with_nulls(),
    Function::new("distinct", "list", Gives::List, Run::Deep(distinct)),
    Function::new("element", "list, index", Gives::Any, Run::Shallow(element)),
    Function::new("flatten", "list", Gives::List, Run::Shallow(flatten)),
    Function::new("index", "list, value", Gives::Number, Run::Deep(index)).with_nulls(),
    Function::new("keys", "map", Gives::Strings, Run::Shallow(keys)),
    Function::new("length", "value", Gives::Number, Run::Shallow(length)),
    Function::new("lookup", "map, key, default?", Gives::Any, Run::Shallow(lookup)).with_nulls(),
    Function::new("matchkeys", "values, keys, searchset", Gives::List, Run::Deep(matchkeys)),
    Function::new("merge", "map...", Gives::Map, Run::Shallow(merge)).with_nulls(),
    Function::new("one", "list", Gives::Any, Run::Shallow(one)),
    Function::new("range", "start_or_limit, limit?, step?", Gives::List, Run::Deep(range)),
    Function::new("reverse", "list", Gives::List, Run::Shallow(reverse)),
    Function::new("slice", "list, start, end", Gives::List, Run::Shallow(slice)),
    Function::new("sort", "list", Gives::Strings, Run::Deep(sort)),
    Function::new("transpose", "map", Gives::Map, Run::Deep(transpose)),
    Function::new("values", "map", Gives::List, Run::Shallow(values)),
    Function::new("zipmap", "keys, values", Gives::Map, Run::Shallow(zipmap)),
];

fn truths(arguments: &Arguments<'_>, wanted: bool) -> Result<bool, Fault> {
    for (at, item) in arguments.list(0)?.iter().enumerate() {
        let truth = !item.is_null()
            && super::super::convert::truth(item).map_err(|m| Fault::at(0, format!("item {at} is no bool: {m}")))?;
        if truth == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn alltrue(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::Bool(!truths(arguments, false)?))
}

fn anytrue(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::Bool(truths(arguments, true)?))
}

fn chunklist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let list = arguments.list(0)?;
    Ok(match arguments.size(1, usize::MAX)? {
        0 if list.is_empty() => Value::list([]),
        0 => Value::list([Value::list(list.iter().cloned())]),
        size => Value::list(list.chunks(size).map(|chunk| Value::list(chunk.iter().cloned()))),
    })
}

/// The first argument that `empty` does not skip. An unknown one hides which of the rest it would be.
fn first(arguments: &Arguments<'_>, empty: impl Fn(&Value) -> bool) -> Option<Value> {
    let mut marks = Marks::default();
    for (at, value) in arguments.all().iter().enumerate() {
        let revealed = marks.take(value);
        if marks.unknown {
            arguments.all().iter().skip(at).for_each(|value| marks.take_all(value));
            return Some(marks.finish(Value::Null, || Shape::Any));
        }
        if !empty(revealed) {
            return Some(marks.finish(revealed.clone(), || Shape::Any));
        }
    }
    None
}

fn coalesce(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    first(arguments, |value| value.is_null() || value.as_str() == Some(""))
        .ok_or_else(|| "every argument is null or an empty string".into())
}

fn coalescelist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let other =
        arguments.all().iter().position(|value| !value.is_null() && !value.is_unknown() && value.as_list().is_none());
    if let Some(at) = other {
        return Err(Fault::at(at, format!("a list is needed: it is {}", with_article(arguments.value(at)))));
    }
    first(arguments, |value| value.as_list().is_none_or(<[Value]>::is_empty))
        .ok_or_else(|| "every argument is null or an empty list".into())
}

fn compact(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = Vec::new();
    for (at, item) in arguments.list(0)?.iter().enumerate().filter(|(_, item)| !item.is_null()) {
        let text = text(item).map_err(|m| Fault::at(0, format!("item {at} is no string: {m}")))?;
        if !text.is_empty() {
            result.push(Value::String(text));
        }
    }
    Ok(Value::list(result))
}

fn concat(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = Vec::new();
    for at in 0..arguments.len() {
        result.extend_from_slice(arguments.list(at)?);
    }
    Ok(Value::list(result))
}

fn contains(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::Bool(arguments.list(0)?.contains(arguments.value(1))))
}

fn distinct(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result: Vec<Value> = Vec::new();
    for item in arguments.list(0)? {
        if !result.contains(item) {
            result.push(item.clone());
        }
    }
    Ok(Value::list(result))
}

fn element(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let list = arguments.list(0)?;
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let at = arguments.whole(1)?.checked_rem_euclid(length).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| list.get(at)).cloned().ok_or_else(|| Fault::at(0, "the list is empty"))
}

fn flatten(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    fn walk(items: &[Value], result: &mut Vec<Value>, marks: &mut Marks) {
        for item in items {
            match item.reveal() {
                Value::List(inner) => {
                    marks.take(item);
                    walk(inner, result, marks);
                }
                // It may turn out to be a list of any length.
                Value::Unknown(unknown)
                    if !matches!(
                        unknown.shape,
                        Shape::Bool | Shape::Number | Shape::String | Shape::Map(_) | Shape::Object(_)
                    ) =>
                {
                    marks.take(item);
                }
                _ => result.push(item.clone()),
            }
        }
    }
    let (mut result, mut marks) = (Vec::new(), Marks::default());
    walk(arguments.list(0)?, &mut result, &mut marks);
    if marks.unknown {
        for item in &result {
            marks.take_all(item);
        }
    }
    Ok(marks.finish(Value::list(result), || Shape::List(Box::new(Shape::Any))))
}

fn index(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let at = arguments.list(0)?.iter().position(|item| item == arguments.value(1));
    at.and_then(|at| i64::try_from(at).ok()).map(Value::from).ok_or_else(|| Fault::at(1, "the list has no such item"))
}

fn keys(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::list(arguments.map(0)?.keys().map(|key| Value::from(key.as_str()))))
}

fn length(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let length = match arguments.value(0) {
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        Value::String(text) => text.graphemes(true).count(),
        other => return Err(Fault::at(0, format!("a list, map or string is needed: it is {}", with_article(other)))),
    };
    Ok(Value::from(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn lookup(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (map, key) = (arguments.map(0)?, arguments.text(1)?);
    match map.get(&*key) {
        Some(value) => Ok(value.clone()),
        None if arguments.has(2) => Ok(arguments.value(2).clone()),
        None => Err(Fault::at(1, format!("the map has no key `{key}`, and there is no default"))),
    }
}

fn matchkeys(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (values, keys, wanted) = (arguments.list(0)?, arguments.list(1)?, arguments.list(2)?);
    if values.len() != keys.len() {
        return Err(Fault::at(1, "there must be as many keys as values"));
    }
    Ok(Value::list(values.iter().zip(keys).filter(|(_, key)| wanted.contains(key)).map(|(value, _)| value.clone())))
}

fn merge(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = Map::new();
    for at in (0..arguments.len()).filter(|at| !arguments.value(*at).is_null()) {
        result.extend(arguments.map(at)?.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(Value::from(result))
}

fn one(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    match arguments.list(0)? {
        [] => Ok(Value::Null),
        [item] => Ok(item.clone()),
        items => Err(Fault::at(0, format!("a list of at most one item is needed: it has {}", items.len()))),
    }
}

/// Terraform's limit as well.
const LONGEST_RANGE: usize = 1024;

fn range(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let number = |at| arguments.number(at).map(crate::kind::Number::as_f64);
    let (start, limit) = if arguments.has(1) { (number(0)?, number(1)?) } else { (0.0, number(0)?) };
    let step = match arguments.has(2) {
        true => number(2)?,
        false if limit < start => -1.0,
        false => 1.0,
    };
    if step == 0.0 {
        return Err(Fault::at(2, "the step must not be zero"));
    }
    if start < limit && step < 0.0 || start > limit && step > 0.0 {
        return Err(Fault::at(2, "the step leads away from the limit"));
    }
    let mut result = Vec::new();
    let mut next = start;
    while if step > 0.0 { next < limit } else { next > limit } {
        if result.len() == LONGEST_RANGE {
            return Err(format!("more than {LONGEST_RANGE} values").into());
        }
        result.push(Value::from(next));
        next = super::super::operators::decimal(next + step);
    }
    Ok(Value::list(result))
}

fn reverse(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::list(arguments.list(0)?.iter().rev().cloned()))
}

fn slice(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let list = arguments.list(0)?;
    let (start, end) = (arguments.size(1, list.len())?, arguments.size(2, list.len())?);
    let items = list.get(start..end).ok_or_else(|| Fault::at(1, "the start lies behind the end"))?;
    Ok(Value::list(items.iter().cloned()))
}

fn sort(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut texts = arguments.texts(0)?;
    texts.sort();
    Ok(Value::list(texts.into_iter().map(Value::String)))
}

fn transpose(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, list) in arguments.map(0)? {
        let one = [list.clone()];
        let texts = Arguments(&one).texts(0).map_err(|fault| Fault::at(0, format!("`{key}`: {}", fault.message)))?;
        for text in texts {
            result.entry(text).or_default().push(Value::from(key.as_str()));
        }
    }
    Ok(Value::map(result.into_iter().map(|(key, keys)| (key.to_string(), Value::list(keys)))))
}

fn values(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::list(arguments.map(0)?.values().cloned()))
}

fn zipmap(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let values = arguments.list(1)?;
    let mut marks = Marks::default();
    arguments.list(0)?.iter().for_each(|key| marks.take_all(key));
    if marks.unknown {
        for value in values {
            marks.take_all(value);
        }
        return Ok(marks.finish(Value::Null, || Shape::Map(Box::new(Shape::Any))));
    }
    let keys = arguments.texts(0)?;
    if keys.len() != values.len() {
        return Err(Fault::at(1, format!("there are {} keys, but {} values", keys.len(), values.len())));
    }
    let map = Value::map(keys.iter().map(ToString::to_string).zip(values.iter().cloned()));
    Ok(marks.finish(map, || Shape::Any))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn collections_are_terraforms() {
        check(&[
            ("alltrue([\"true\", true])", "true"),
            ("alltrue([true, false])", "false"),
            ("alltrue([])", "true"),
            ("anytrue([null, true])", "true"),
            ("anytrue([])", "false"),
            (r#"chunklist(["a", "b", "c", "d", "e"], 2)"#, r#"[["a", "b"], ["c", "d"], ["e"]]"#),
            ("chunklist([1, 2], 0)", "[[1, 2]]"),
            (r#"coalesce("", "b")"#, "\"b\""),
            ("coalesce(1, 2)", "1"),
            ("coalesce(null, \"\")", "error: `coalesce`: every argument is null or an empty string"),
            (r#"coalescelist([], ["c", "d"])"#, r#"["c", "d"]"#),
            ("coalescelist(1)", "error: `coalescelist`: a list is needed: it is a number"),
            (r#"compact(["a", "", "b", null, "c"])"#, r#"["a", "b", "c"]"#),
            (r#"concat(["a", ""], ["b", "c"])"#, r#"["a", "", "b", "c"]"#),
            ("concat()", "[]"),
            (r#"contains(["a", "b"], "a")"#, "true"),
            (r#"contains(["a", "b"], "c")"#, "false"),
            ("contains([null], null)", "true"),
            (r#"distinct(["a", "b", "a", "c", "d", "b"])"#, r#"["a", "b", "c", "d"]"#),
            (r#"element(["a", "b", "c"], 1)"#, "\"b\""),
            (r#"element(["a", "b", "c"], 3)"#, "\"a\""),
            (r#"element(["a", "b", "c"], -1)"#, "\"c\""),
            ("element([], 0)", "error: `element`: the list is empty"),
            (r#"flatten([["a", "b"], [], ["c"]])"#, r#"["a", "b", "c"]"#),
            (r#"flatten([[["a"], []], "c"])"#, r#"["a", "c"]"#),
            (r#"index(["a", "b", "c"], "b")"#, "1"),
            (r#"index(["a"], "b")"#, "error: `index`: the list has no such item"),
            ("keys({b = 1, a = 2})", r#"["a", "b"]"#),
            ("length([])", "0"),
            ("length({a = 1})", "1"),
            (r#"length("🤷🏻‍♀️é")"#, "2"),
            ("length(1)", "error: `length`: a list, map or string is needed: it is a number"),
            (r#"lookup({a = "ay"}, "a", "what?")"#, "\"ay\""),
            (r#"lookup({a = "ay"}, "c", null)"#, "null"),
            (r#"lookup({}, "c")"#, "error: `lookup`: the map has no key `c`, and there is no default"),
            (r#"matchkeys(["i-123", "i-abc", "i-def"], ["west", "east", "east"], ["east"])"#, r#"["i-abc", "i-def"]"#),
            (r#"merge({a = "b", c = "d"}, null, {e = "f", c = "z"})"#, r#"{"a": "b", "c": "z", "e": "f"}"#),
            ("merge()", "{}"),
            ("merge([{a = 1}, {b = 2}]...)", r#"{"a": 1, "b": 2}"#),
            ("one([])", "null"),
            (r#"one(["hello"])"#, "\"hello\""),
            ("one([1, 2])", "error: `one`: a list of at most one item is needed: it has 2"),
            ("range(3)", "[0, 1, 2]"),
            ("range(1, 4)", "[1, 2, 3]"),
            ("range(1, 8, 2)", "[1, 3, 5, 7]"),
            ("range(4, 1)", "[4, 3, 2]"),
            ("range(10, 5, -2)", "[10, 8, 6]"),
            ("range(0, 0.3, 0.1)", "[0, 0.1, 0.2]"),
            ("range(5, 1, 1)", "error: `range`: the step leads away from the limit"),
            ("range(1, 2, 0)", "error: `range`: the step must not be zero"),
            ("range(1e9)", "error: `range`: more than 1024 values"),
            ("reverse([1, 2, 3])", "[3, 2, 1]"),
            (r#"slice(["a", "b", "c", "d"], 1, 3)"#, r#"["b", "c"]"#),
            ("slice([1], 1, 0)", "error: `slice`: the start lies behind the end"),
            ("slice([1], 0, 2)", "error: `slice`: a whole number from 0 to 1 is needed, not 2"),
            (r#"sort(["e", "d", "a", "x"])"#, r#"["a", "d", "e", "x"]"#),
            (r#"transpose({a = ["1", "2"], b = ["2", "3"]})"#, r#"{"1": ["a"], "2": ["a", "b"], "3": ["b"]}"#),
            ("values({a = 3, c = 2, d = 1})", "[3, 2, 1]"),
            (r#"zipmap(["a", "b"], [1, 2])"#, r#"{"a": 1, "b": 2}"#),
            (r#"zipmap(["a"], [])"#, "error: `zipmap`: there are 1 keys, but 0 values"),
        ]);
    }
}
