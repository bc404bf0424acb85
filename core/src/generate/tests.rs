use serde_json::Value as Json;

use super::{pages, schema};
use crate::simulation::fixture::registry;
use crate::stack::{RESOURCE_KEYS, TOP_KEYS};

fn keys(json: &Json) -> Vec<&str> {
    let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_schema_knows_the_keys_that_the_language_knows() {
    let schema = schema::schema(&registry());
    let mut top = TOP_KEYS.to_vec();
    top.sort_unstable();
    assert_eq!(keys(&schema["properties"]), top);
    for kind in registry().kinds() {
        let facts = kind.facts();
        let mut wanted: Vec<&str> = facts.declared.attributes.iter().map(|attribute| attribute.name).collect();
        wanted.extend(RESOURCE_KEYS.iter().filter(|key| **key != "tags" || facts.taggable()));
        wanted.sort_unstable();
        assert_eq!(keys(&schema["definitions"][format!("kind.{}", facts.name)]["properties"]), wanted);
    }
}

#[test]
fn every_definition_that_is_referred_to_is_there() {
    fn references<'j>(json: &'j Json, found: &mut Vec<&'j str>) {
        match json {
            Json::Object(map) => {
                found.extend(map.get("$ref").and_then(Json::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Json::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let schema = schema::schema(&registry());
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        assert!(!schema.pointer(reference.trim_start_matches('#')).unwrap_or(&Json::Null).is_null(), "{reference}");
    }
}

#[test]
fn a_page_says_what_the_tables_say() {
    let all = pages::all(&registry(), &|name| (name == "db").then_some("stack: example\n"));
    let page = |path: &str| all.iter().find(|page| page.path == path).map(|page| page.text.as_str()).unwrap();
    insta::assert_snapshot!(page("kinds/db.md"));
    for kind in registry().kinds() {
        assert!(page("README.md").contains(&format!("(kinds/{}.md)", kind.facts().name)));
    }
}
