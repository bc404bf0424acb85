//! Taking settled references out of a thing, so that what they refer to can go.

use std::collections::BTreeSet;

use super::canonical::is_empty;
use super::overlay::opinion;
use crate::kind::{Address, Block, Declared, Facts, Map, Observed, Type, Value};

/// The thing without the settled references that name one of the things that are `gone`; the rest stays as it lives.
pub(super) fn detached(facts: &Facts, thing: &Observed, address: &Address, gone: &[&Observed]) -> Declared {
    let gone: BTreeSet<&str> = gone
        .iter()
        .flat_map(|thing| thing.outputs.values().chain(thing.attributes.values()).filter_map(Value::as_str))
        .chain(gone.iter().map(|thing| thing.id.as_str()))
        .collect();
    let mut attributes = Map::new();
    for attribute in facts.declared.attributes.iter().filter(|attribute| !attribute.write_only) {
        let live = thing.get(attribute.name);
        let left = if attribute.settled { without(&attribute.ty, live, &gone) } else { Some(live.clone()) };
        let left = left.filter(|value| !value.is_null()).or_else(|| opinion(attribute, &Map::new()));
        if let Some(value) = left.filter(|value| !value.is_null()) {
            attributes.insert(attribute.name.to_owned(), value);
        }
    }
    Declared {
        address: address.clone(),
        generation: thing.ours().map_or(1, |(_, generation)| generation),
        name: facts.naming.and_then(|naming| thing.get(naming.attribute).as_str().map(str::to_owned)),
        attributes,
        tags: thing.tags.clone(),
    }
}

/// What is left of a value; `None` where nothing of it makes sense any more.
fn without(ty: &Type, value: &Value, gone: &BTreeSet<&str>) -> Option<Value> {
    match (ty, value.reveal()) {
        (Type::Reference { .. }, Value::String(text)) if gone.contains(&**text) => None,
        (Type::List(item) | Type::Set(item), Value::List(items)) => {
            Some(Value::list(items.iter().filter_map(|entry| without(item, entry, gone))))
        }
        (Type::Map(item), Value::Map(entries)) => {
            Some(Value::map(entries.iter().filter_map(|(key, entry)| Some((key.clone(), without(item, entry, gone)?)))))
        }
        (Type::Block(block), Value::Map(map)) => without_in_block(block, map, gone),
        _ => Some(value.clone()),
    }
}

/// A block that loses its one reference, or the last of its peers, goes as a whole: a route without its gateway and a
/// rule for nobody mean nothing.
fn without_in_block(block: &Block, map: &Map, gone: &BTreeSet<&str>) -> Option<Value> {
    let mut left = Map::new();
    let (mut emptied, mut peers) = (false, false);
    for (name, value) in map {
        let kept = match block.attribute(name) {
            Some(attribute) => without(&attribute.ty, value, gone)?,
            None => value.clone(),
        };
        emptied |= is_empty(&kept) && !is_empty(value);
        peers |= kept.as_list().is_some_and(|items| !items.is_empty());
        left.insert(name.clone(), kept);
    }
    (!emptied || peers).then(|| Value::from(left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Attribute;

    const PEER: Type = Type::Reference { kind: "group", output: "id" };
    const RULE: Block = Block {
        doc: "",
        attributes: &[
            Attribute { name: "port", ty: Type::Int, ..Attribute::PLAIN },
            Attribute { name: "networks", ty: Type::Set(&Type::Cidr), ..Attribute::PLAIN },
            Attribute { name: "groups", ty: Type::Set(&PEER), ..Attribute::PLAIN },
            Attribute { name: "gateway", ty: PEER, ..Attribute::PLAIN },
        ],
        rules: &[],
    };

    #[test]
    fn only_what_names_the_gone_is_taken_out() {
        let value = |json: &str| Value::from_json(&serde_json::from_str(json).unwrap());
        let ty = Type::Set(&Type::Block(&RULE));
        for (live, left) in [
            (r#"[{"port": 1, "groups": ["x", "y"]}]"#, r#"[{"port": 1, "groups": ["y"]}]"#),
            (r#"[{"port": 1, "groups": ["x"], "networks": []}, {"port": 2}]"#, r#"[{"port": 2}]"#),
            (r#"[{"groups": ["x"], "networks": ["::/0"]}]"#, r#"[{"groups": [], "networks": ["::/0"]}]"#),
            (r#"[{"gateway": "x", "networks": ["::/0"]}, {"gateway": "y"}]"#, r#"[{"gateway": "y"}]"#),
            (r#"[{"port": 1, "networks": ["x"]}]"#, r#"[{"port": 1, "networks": ["x"]}]"#),
        ] {
            assert_eq!(without(&ty, &value(live), &BTreeSet::from(["x"])), Some(value(left)), "{live}");
        }
    }
}
