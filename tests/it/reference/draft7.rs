//! The part of JSON Schema (draft 7) that the schema for editors uses, read here a second time: enough to test it
//! without a validator whose dependencies would change those of the program. A word that is not known is a panic.

use regex::Regex;
use serde_json::{Map, Value as Json};

/// What is wrong with a document, as `path: words`.
pub(super) fn problems(schema: &Json, document: &Json) -> Vec<String> {
    let mut found = Vec::new();
    Reader { root: schema }.check(schema, document, "", &mut found);
    found
}

struct Reader<'s> {
    root: &'s Json,
}

impl Reader<'_> {
    fn fits(&self, schema: &Json, value: &Json) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", &mut found);
        found.is_empty()
    }

    fn check(&self, schema: &Json, value: &Json, path: &str, found: &mut Vec<String>) {
        let words = match schema {
            Json::Bool(true) => return,
            Json::Bool(false) => return found.push(format!("{path}: nothing is allowed here")),
            Json::Object(words) => words,
            other => panic!("no schema: {other}"),
        };
        if let Some(Json::String(target)) = words.get("$ref") {
            assert_eq!(words.len(), 1, "in draft 7 nothing stands beside $ref: {schema}");
            let target = self.root.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target}"));
            return self.check(target, value, path, found);
        }
        for (word, rule) in words {
            let mut wrong = |words: String| found.push(format!("{path}: {words}"));
            match word.as_str() {
                "$schema"
                | "title"
                | "description"
                | "default"
                | "definitions"
                | "defaultSnippets"
                | "enumDescriptions"
                | "markdownEnumDescriptions"
                | "then"
                | "properties"
                | "patternProperties"
                | "additionalProperties" => {}
                "type" => {
                    let allowed = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
                    if !allowed.iter().any(|name| is(value, name.as_str().unwrap())) {
                        wrong(format!("{value} is not of type {rule}"));
                    }
                }
                "enum" => {
                    if !rule.as_array().unwrap().contains(value) {
                        wrong(format!("{value} is none of {rule}"));
                    }
                }
                "const" => {
                    if value != rule {
                        wrong(format!("{value} is not {rule}"));
                    }
                }
                "minimum" => {
                    if value.as_f64().is_some_and(|n| n < rule.as_f64().unwrap()) {
                        wrong("too small".to_owned());
                    }
                }
                "maximum" => {
                    if value.as_f64().is_some_and(|n| n > rule.as_f64().unwrap()) {
                        wrong("too large".to_owned());
                    }
                }
                "minLength" => {
                    if length(value).is_some_and(|n| n < rule.as_u64().unwrap()) {
                        wrong("too short".to_owned());
                    }
                }
                "maxLength" => {
                    if length(value).is_some_and(|n| n > rule.as_u64().unwrap()) {
                        wrong("too long".to_owned());
                    }
                }
                "pattern" => {
                    let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                    if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                        wrong(format!("{value} does not match {rule}"));
                    }
                }
                "anyOf" => {
                    let branches = rule.as_array().unwrap();
                    if !branches.iter().any(|branch| self.fits(branch, value)) {
                        // The first branch is the usual one: what it says helps most.
                        let mut inner = Vec::new();
                        self.check(&branches[0], value, path, &mut inner);
                        found.append(&mut inner);
                    }
                }
                "allOf" => rule.as_array().unwrap().iter().for_each(|all| self.check(all, value, path, found)),
                "if" => {
                    if self.fits(rule, value) {
                        self.check(&words["then"], value, path, found);
                    }
                }
                "required" => {
                    for key in rule.as_array().unwrap() {
                        if value.as_object().is_some_and(|map| !map.contains_key(key.as_str().unwrap())) {
                            wrong(format!("{key} is missing"));
                        }
                    }
                }
                "items" => {
                    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{path}/{at}"), found);
                    }
                }
                "propertyNames" => {
                    for key in value.as_object().into_iter().flat_map(Map::keys) {
                        self.check(rule, &Json::from(key.as_str()), path, found);
                    }
                }
                other => panic!("the schema uses `{other}`, which this test does not know"),
            }
        }
        for (key, inner) in value.as_object().into_iter().flatten() {
            let path = format!("{path}/{key}");
            let named = words.get("properties").and_then(|properties| properties.get(key));
            let patterns = words.get("patternProperties").and_then(Json::as_object).into_iter().flatten();
            let patterned = patterns.filter(|(pattern, _)| Regex::new(pattern).unwrap().is_match(key)).map(|(_, s)| s);
            let mut schemas: Vec<&Json> = named.into_iter().chain(patterned).collect();
            if schemas.is_empty() {
                match words.get("additionalProperties") {
                    Some(Json::Bool(false)) => {
                        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                        found.push(format!("{parent}: there is no `{key}`"));
                    }
                    rest => schemas.extend(rest),
                }
            }
            for schema in schemas {
                self.check(schema, inner, &path, found);
            }
        }
    }
}

fn is(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type is called {other}"),
    }
}

fn length(value: &Json) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}
