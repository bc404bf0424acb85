//! Tables and outputs.

use super::plain;
use crate::kind::{Address, Map, Observed, Output, Owned, Shape, Status, Value};
use crate::report::{Layout, output_raw, outputs, outputs_json, things, things_json};

fn thing(address: Address, generation: u32, id: &str, status: Status) -> Observed {
    Observed {
        kind: "subnet",
        role_arn: None,
        region: "eu-west-3".to_owned(),
        id: id.to_owned(),
        owned: Owned::Ours { address, generation },
        status,
        attributes: Map::new(),
        outputs: Map::from([("id".to_owned(), Value::from(id))]),
        tags: std::collections::BTreeMap::new(),
    }
}

fn living() -> Vec<Observed> {
    vec![
        thing(Address::keyed("public", "é"), 1, "subnet-2", Status::Pending("pending".into())),
        thing(Address::keyed("public", "a"), 2, "subnet-1", Status::Usable),
        Observed {
            owned: Owned::Pending(Address::plain("zone")),
            ..thing(Address::plain("z"), 1, "Z1", Status::Failed("no".into()))
        },
    ]
}

#[test]
fn what_lives_is_a_table_and_on_a_narrow_terminal_paragraphs() {
    let living = living();
    let all: Vec<&Observed> = living.iter().collect();
    insta::assert_snapshot!(plain(&things(&all, Layout::pipe())));
    insta::assert_snapshot!(plain(&things(&all, Layout::terminal(40))));
    insta::assert_snapshot!(serde_json::to_string_pretty(&things_json(&all)).unwrap());
    assert_eq!(things(&[], Layout::pipe()), "Nothing lives here.\n");
}

fn output(name: &str, value: Value, sensitive: bool) -> Output {
    Output { name: name.to_owned(), value, description: None, sensitive }
}

#[test]
fn outputs_for_people_scripts_and_machines() {
    let all = [
        output("hosts", Value::list(["a".into(), "b".into()]), false),
        output("later", Value::unknown(Shape::String, "db"), false),
        output("secret", "hunter2".into(), true),
        output("url", "https://é.example".into(), false),
    ];
    insta::assert_snapshot!(plain(&outputs(&all, Layout::pipe())), @r"
    hosts:  [a, b]
    later:  (known after apply)
    secret: (sensitive)
    url:    https://é.example
    ");
    let raw: Vec<_> = all.iter().map(|o| output_raw(o).map_err(|e| e.message)).collect();
    assert_eq!(raw[0].as_deref(), Ok(r#"["a","b"]"#));
    assert_eq!(raw[1], Err("the output later is not known yet".to_owned()));
    assert_eq!(raw[2], Err("the output secret is sensitive and never shown".to_owned()));
    assert_eq!(raw[3].as_deref(), Ok("https://é.example"));
    assert!(!outputs_json(&all).to_string().contains("hunter2"));
}
