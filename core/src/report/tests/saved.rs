//! Plans as files.

use std::collections::BTreeMap;

use super::sample;
use crate::engine::Options;
use crate::engine::plan::{Action, Plan};
use crate::error::{ErrorKind, Result, Sources};
use crate::kind::{Address, Value};
use crate::report::{Origin, Saved};

fn save(plan: &Plan, sources: &Sources) -> Saved {
    let origin = Origin {
        stack: "stacks/my shop".to_owned(),
        environment: Some("dev".to_owned()),
        variables: BTreeMap::from([("size".to_owned(), "3".to_owned())]),
    };
    let options = Options { targets: vec![Address::keyed("public", "a")], ..Options::default() };
    Saved::new(origin, &options, plan, sources)
}

fn message(result: Result<()>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Stale);
    assert_eq!(error.hints, ["nothing was done; plan again: `clefctl plan 'stacks/my shop' -e dev --out FILE`"]);
    error.message
}

#[test]
fn a_saved_plan_is_read_back_as_it_was() {
    let (plan, sources) = sample::plan();
    let saved = save(&plan, &sources);
    let text = saved.to_text();
    let back = Saved::parse(&text).unwrap().unwrap();
    assert_eq!(back, saved);
    assert_eq!(back.options().unwrap().targets, [Address::keyed("public", "a")]);
    back.check_sources(&sources).unwrap();
    back.check_variables(&saved.variables).unwrap();
    back.check_plan(&plan).unwrap();
    // Warnings come and go.
    back.check_plan(&Plan { warnings: Vec::new(), ..plan }).unwrap();
}

#[test]
fn no_secret_stands_in_a_saved_plan() {
    let (mut plan, sources) = sample::plan();
    for change in &mut plan.changes {
        for attribute in &mut change.attributes {
            if attribute.sensitive {
                attribute.after = Value::from("hunter2");
            }
        }
        change.attributes.push(sample::new("deep", Value::map([("a", Value::from("hunter2").sensitive())])));
    }
    for output in &mut plan.outputs {
        output.value = Value::from("hunter2");
        output.sensitive = true;
    }
    assert!(!save(&plan, &sources).to_text().contains("hunter2"));
}

#[test]
fn what_is_no_saved_plan_may_be_a_stack() {
    for text in ["stack: a\n", "{stack: a}", "{\"stack\": \"a\"}", ""] {
        assert!(Saved::parse(text).is_none(), "{text}");
    }
    let (plan, sources) = sample::plan();
    let newer = save(&plan, &sources).to_text().replace("\"version\": \"1\"", "\"version\": \"2\"");
    assert_eq!(Saved::parse(&newer).unwrap().unwrap_err().kind, ErrorKind::Stale);
    let torn = "{\"format\": \"clefctl.saved_plan\", \"version\": \"1\"}";
    assert!(Saved::parse(torn).unwrap().is_err());
}

#[test]
fn a_plan_for_what_is_no_longer_so_is_refused() {
    let (plan, sources) = sample::plan();
    let saved = save(&plan, &sources);
    let mut other = Sources::default();
    other.add("stack.yaml", "stack: other\n");
    assert!(message(saved.check_sources(&other)).starts_with("the stack has changed since it was planned: "));
    let now = BTreeMap::from([("size".to_owned(), "4".to_owned()), ("new".to_owned(), "x".to_owned())]);
    assert_eq!(
        message(saved.check_variables(&now)),
        "variables have changed since it was planned: `new` was null and is x, `size` was 3 and is 4"
    );
    let elsewhere = Plan { account: "999999999999".to_owned(), ..plan.clone() };
    assert!(message(saved.check_plan(&elsewhere)).contains("and is 999999999999"));
    let mut less = plan.clone();
    let gone = less.changes.remove(0);
    let words = message(saved.check_plan(&less));
    assert!(words.starts_with("what lives has changed since it was planned: "), "{words}");
    assert!(words.contains(&format!("{} (was: ", gone.address)), "{words}");
    let mut otherwise = plan.clone();
    let update = otherwise.changes.iter_mut().find(|change| change.action == Action::Update).unwrap();
    update.id = Some("another".to_owned());
    let name = update.address.to_string();
    assert!(message(saved.check_plan(&otherwise)).contains(&format!("{name} (update, but otherwise)")));
    let mut order = plan.clone();
    order.steps.pop();
    assert!(message(saved.check_plan(&order)).starts_with("it would be carried out in another order"));
}
