//! Simulated lookups: answered from what lives in the account where the lookup's name is that of a kind, else made up.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Inner;
use super::calls::Request;
use super::outputs::Patterns;
use super::world::{Thing, World, place};
use crate::error::Result;
use crate::kind::{Attribute, Context, Facts, Lookup, LookupFacts, Map, Type, Value};

/// A lookup of the simulated account.
pub(super) struct SimulatedLookup {
    pub(super) real: Arc<dyn Lookup>,
    pub(super) inner: Arc<Inner>,
}

impl Lookup for SimulatedLookup {
    fn facts(&self) -> &'static LookupFacts {
        self.real.facts()
    }

    fn read<'a>(&'a self, cx: &'a Context, arguments: &'a Map) -> BoxFuture<'a, Result<Option<Map>>> {
        async move {
            let facts = self.facts();
            let fallback = format!("{}:{}", facts.service, facts.name);
            let action = facts.actions.first().copied().unwrap_or(&fallback);
            let request = Request { action, writes: false, latency: self.inner.latency, idempotent: true };
            self.inner.call(Some(cx), request, |world, _| Ok(self.answer(world, cx, arguments))).await
        }
        .boxed()
    }
}

impl SimulatedLookup {
    fn answer(&self, world: &mut World, cx: &Context, arguments: &Map) -> Option<Map> {
        let facts = self.facts();
        let mut answer = match named_kind(world, facts.name) {
            Some((kind, many)) => {
                let region = place(kind, &cx.region);
                let fits = |thing: &&Thing| thing.gone.is_none() && matches(thing, arguments);
                let mut found = world.of_kind(kind.name, region).filter(fits).peekable();
                if found.peek().is_some() || many {
                    self.told(cx, arguments, &found.collect::<Vec<_>>(), many)
                } else if self.inner.obliging {
                    self.made_up(cx, arguments)
                } else {
                    return None;
                }
            }
            None => self.made_up(cx, arguments),
        };
        if let Some(told) = self.inner.answers().get(facts.name) {
            answer.extend(told.clone());
        }
        for value in answer.values() {
            collect_texts(value, &mut |text| {
                world.made_up.insert(text.to_owned());
            });
        }
        Some(answer)
    }

    /// The outputs of the things found: of the first one, or of each where the lookup asks for all.
    fn told(&self, cx: &Context, arguments: &Map, things: &[&Thing], many: bool) -> Map {
        let of = |thing: &Thing, name: &str| {
            thing.outputs.get(name).or_else(|| thing.attributes.get(name)).cloned().unwrap_or(match name {
                "id" => Value::from(&*thing.key.id),
                "name" => Value::from(thing.name.as_str()),
                "tags" => Value::map(thing.tags.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str())))),
                _ => Value::Null,
            })
        };
        let mut answer = Map::new();
        for output in self.facts().outputs.attributes {
            let one = output.name.strip_suffix('s').unwrap_or(output.name);
            let value = match (&output.ty, things.first()) {
                (Type::List(_) | Type::Set(_), _) if many => {
                    let mut items: Vec<Value> = things.iter().map(|thing| of(thing, one)).collect();
                    items.sort_by(Value::order);
                    Value::list(items)
                }
                (_, Some(thing)) => of(thing, output.name),
                (_, None) => Value::Null,
            };
            let value = if value.is_null() { self.value(cx, arguments, output, &answer) } else { value };
            answer.insert(output.name.to_owned(), value);
        }
        answer
    }

    /// Outputs that look as they should. Arguments that outputs repeat are repeated.
    fn made_up(&self, cx: &Context, arguments: &Map) -> Map {
        let mut answer = Map::new();
        for output in self.facts().outputs.attributes {
            let value = match arguments.get(output.name) {
                Some(said) if !said.is_null() => said.clone(),
                _ => self.value(cx, arguments, output, &answer),
            };
            answer.insert(output.name.to_owned(), value);
        }
        answer
    }

    fn value(&self, cx: &Context, arguments: &Map, output: &'static Attribute, answer: &Map) -> Value {
        let facts = self.facts();
        let name = arguments.get("name").and_then(Value::as_str).unwrap_or(facts.name);
        let said = arguments.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("|");
        let seed = format!("{}|{}|{said}", facts.name, cx.region);
        let patterns = Patterns {
            seed: &seed,
            kind: facts.name,
            service: facts.service,
            region: &cx.region,
            account: &self.inner.account,
            id: name,
            name,
            attributes: arguments,
            n: 1,
        };
        let zones = |prefix: &str| Value::list(["a", "b", "c"].map(|zone| Value::from(format!("{prefix}{zone}"))));
        let image = name.starts_with("/aws/service/") && (name.contains("ami") || name.contains("image"));
        match (facts.name, output.name) {
            ("availability_zones", "names") => zones(&cx.region),
            ("availability_zones", "zone_ids") => {
                Value::list((1..=3).map(|n| Value::from(patterns.text(&format!("{{region}}-az{n}"), "", answer))))
            }
            ("caller_identity", "account_id") => Value::from(&*self.inner.account),
            ("caller_identity", "arn") => Value::from(self.inner.caller()),
            ("region", "name" | "id" | "region") => Value::from(&*cx.region),
            ("ssm_parameter", "value") if image => Value::from(patterns.text("ami-{hex:17}", "", answer)),
            _ => patterns.value(output, answer),
        }
    }
}

/// The kind that a lookup is named after, and whether it asks for all of them.
fn named_kind(world: &World, name: &str) -> Option<(&'static Facts, bool)> {
    let one = world.facts(name).map(|facts| (facts, false));
    one.or_else(|| world.facts(name.strip_suffix('s')?).map(|facts| (facts, true)))
}

/// Whether a thing is what the arguments ask for. Arguments that say nothing of things (filters, owners) fit all.
fn matches(thing: &Thing, arguments: &Map) -> bool {
    arguments.iter().filter(|(_, wanted)| !wanted.is_null()).all(|(name, wanted)| match name.as_str() {
        "id" => wanted.as_str() == Some(&thing.key.id),
        "name" => wanted.as_str().is_some_and(|text| {
            thing.name.trim_end_matches('.') == text.trim_end_matches('.')
                || thing.tags.get("Name").is_some_and(|n| n == text)
        }),
        "tags" => wanted.as_map().is_none_or(|tags| {
            tags.iter().all(|(key, value)| thing.tags.get(key).map(String::as_str) == value.as_str())
        }),
        _ => {
            let there = thing.attributes.get(name).or_else(|| thing.outputs.get(name));
            there.is_none_or(|there| wanted.order(there).is_eq())
        }
    })
}

fn collect_texts(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::List(items) => items.iter().for_each(|v| collect_texts(v, each)),
        Value::Map(map) => map.values().for_each(|v| collect_texts(v, each)),
        Value::Sensitive(inner) => collect_texts(inner, each),
        _ => {}
    }
}
