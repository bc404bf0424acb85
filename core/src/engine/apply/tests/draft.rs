//! Plans written by hand, and carrying them out in a small account.

use super::*;
use crate::engine::apply::{Run, apply};
use crate::engine::known::Known;
use crate::engine::plan::{Action, AttributeChange, Change, Plan, Reason};
use crate::engine::planned::{Item, Planned};
use crate::engine::tags::TagRules;
use crate::engine::testing::{Small, Wish};
use crate::kind::{Address, Desired, Map, Observed, Owned, Shape, Status, Value, tag};

/// A plan in the making.
pub(super) struct Draft {
    pub(super) wish: Wish,
    pub(super) changes: Vec<Change>,
    pub(super) items: Vec<Item>,
    pub(super) steps: Vec<Step>,
    pub(super) known: Known,
    pub(super) current: BTreeMap<Address, Arc<Observed>>,
}

pub(super) fn map(entries: &[(&str, &str)]) -> Map {
    entries.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}

pub(super) fn live(name: &str, generation: u32, attributes: &[(&str, &str)]) -> Arc<Observed> {
    let address = Address::plain(name);
    let tags = [
        (tag::STACK, "clefcloud/dev".to_owned()),
        (tag::RESOURCE, address.tag("node")),
        (tag::GENERATION, generation.to_string()),
    ];
    Arc::new(Observed {
        kind: "node",
        role_arn: None,
        region: "eu-west-3".to_owned(),
        id: format!("{name}-live"),
        owned: Owned::Ours { address, generation },
        status: Status::Usable,
        attributes: map(attributes),
        outputs: Map::from([("id".to_owned(), Value::from(format!("{name}-live"))), ("revision".to_owned(), 7.into())]),
        tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
    })
}

impl Draft {
    pub(super) fn new(wish: Wish) -> Self {
        let (changes, items, steps) = Default::default();
        Self { wish, changes, items, steps, known: Known::new("123456789012"), current: BTreeMap::new() }
    }

    /// Adds a change; its outputs are not known until it is applied.
    pub(super) fn change(&mut self, name: &str, action: Action, item: Item, differs: &[&str]) -> usize {
        let address = Address::plain(name);
        if action != Action::Delete {
            self.known.set(&address, Value::unknown(Shape::Any, name));
        }
        let attributes = differs.iter().map(|name| AttributeChange {
            name: (*name).to_owned(),
            before: Value::Null,
            after: Value::Null,
            forces: false,
            sensitive: false,
            note: None,
        });
        self.changes.push(Change {
            address,
            kind: "node",
            region: "eu-west-3".to_owned(),
            generation: if matches!(action, Action::Replace { .. }) { 2 } else { 1 },
            action,
            reason: Reason::New,
            id: item.observed.as_ref().map(|observed| observed.id.clone()),
            attributes: attributes.collect(),
            loss: None,
            notes: Vec::new(),
        });
        self.items.push(item);
        self.changes.len() - 1
    }

    pub(super) fn create(&mut self, name: &str, needs: &[usize]) -> usize {
        let change = self.change(name, Action::Create, Item::default(), &[]);
        self.step(change, Verb::Create, needs)
    }

    pub(super) fn update(&mut self, observed: Arc<Observed>, differs: &[&str], needs: &[usize]) -> usize {
        let name = observed.ours().unwrap().0.name.clone();
        self.current.insert(Address::plain(&name), Arc::clone(&observed));
        let item = Item { observed: Some(observed), ..Item::default() };
        let change = self.change(&name, Action::Update, item, differs);
        self.step(change, Verb::Update, needs)
    }

    pub(super) fn step(&mut self, change: usize, verb: Verb, needs: &[usize]) -> usize {
        self.steps.push(Step { change, verb, needs: needs.iter().copied().map(StepId).collect() });
        self.steps.len() - 1
    }

    pub(super) fn planned(self) -> Planned {
        Planned {
            plan: Plan {
                owner: self.wish.owner().clone(),
                account: "123456789012".to_owned(),
                region: "eu-west-3".to_owned(),
                destroy: false,
                changes: self.changes,
                unchanged: 0,
                steps: self.steps,
                outputs: Vec::new(),
                warnings: Vec::new(),
            },
            desired: Arc::new(self.wish),
            items: self.items,
            known: self.known,
            tag_rules: TagRules::default(),
            current: self.current,
        }
    }
}

pub(super) async fn carry_out(account: &Small, planned: &Planned) -> (Report, Vec<String>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let run = Run {
        account,
        nonce: "nonce".into(),
        parallelism: None,
        careful: true,
        lease: None,
        interrupt: Interrupt::default(),
        events: {
            let log = Arc::clone(&log);
            Arc::new(move |event| log.lock().unwrap().push(words(&event)))
        },
    };
    let report = apply(planned, &run).await;
    let log = log.lock().unwrap().clone();
    (report, log)
}

pub(super) fn error(report: &Report, step: usize) -> &Error {
    match &report.outcomes[step] {
        Outcome::Failed(error) => error,
        other => panic!("step {step} has not failed: {other:?}"),
    }
}
