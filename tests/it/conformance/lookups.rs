//! Lookups on the wire: `lookups/<lookup>.yaml` makes things with an independent client, and says what is to be found.

use std::fs;
use std::path::Path;

use clefctl_core::kind::{Account, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use super::driver::account;
use crate::support::Moto;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// A snippet whose `result` is the list of cases.
    boto: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    arguments: Json,
    /// What the answer holds at least; null: nothing is found.
    #[serde(default)]
    answer: Json,
    /// What the error begins with.
    error: Option<String>,
}

#[tokio::test]
async fn lookups_find_what_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/conformance/lookups");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let cases: Cases = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let moto = Moto::start_in("eu-west-3");
        let cases: Vec<Case> = serde_json::from_value(moto.boto(&cases.boto)).unwrap();
        let (account, cx) = account(&moto, "eu-west-3");
        let lookup = account.registry().lookup(&name).unwrap_or_else(|| panic!("{name} is no lookup"));
        for case in cases {
            let place = format!("{name} {}", case.arguments);
            let arguments = Value::from_json(&case.arguments).as_map().cloned().unwrap();
            match (lookup.read(&cx, &arguments).await, case.error) {
                (Err(error), Some(want)) => assert!(error.message.starts_with(&want), "{place}: {error}"),
                (Err(error), None) => panic!("{place}: {error}"),
                (Ok(found), Some(want)) => panic!("{place}: {found:?}, not {want}"),
                (Ok(None), None) => assert!(case.answer.is_null(), "{place}: nothing"),
                (Ok(Some(found)), None) => {
                    let want = case.answer.as_object().unwrap_or_else(|| panic!("{place}: {found:?}"));
                    for (key, value) in want {
                        assert_eq!(
                            found.get(key.as_str()).and_then(Value::to_json).as_ref(),
                            Some(value),
                            "{place}: {key}"
                        );
                    }
                }
            }
        }
    }
}
