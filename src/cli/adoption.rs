//! Plans that change nothing but whose a thing is.

use std::collections::BTreeMap;
use std::sync::Arc;

use clefctl_core::engine::inventory::Inventory;
use clefctl_core::engine::known::Known;
use clefctl_core::engine::plan::{Action, AttributeChange, Change, Plan, Reason, Step, Verb};
use clefctl_core::engine::planned::{Item, Planned};
use clefctl_core::engine::tags::{TagRules, marks};
use clefctl_core::engine::{Options, planner};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Address, Context, Desired, Instance, Mark, Observed, Owned, Select, TagChange, Value, tag};
use clefctl_core::report;

use super::Failure;
use super::planning::{Place, Reading, Ready};

/// A thing that is to become ours.
pub(super) struct Adoption {
    /// Which entry of the stack it is to be.
    pub(super) address: Address,
    /// What AWS calls it.
    pub(super) id: String,
}

/// The plan that tags a thing; its differences from the stack are shown, and left to the next apply.
pub(super) async fn adopt(adoption: &Adoption, reading: Reading, place: &Place) -> Result<Ready, Failure> {
    let Reading { stack, mut inventory, sources, .. } = reading;
    let instance = declared(&*stack, &adoption.address)?.clone();
    let thing = Arc::new(find(adoption, &instance, &inventory, place).await?);
    inventory.things.retain(|known| known.kind != thing.kind || known.id != thing.id);
    inventory.taken.remove(&adoption.address);
    let pending = Observed { owned: Owned::Pending(adoption.address.clone()), ..(*thing).clone() };
    inventory.things.push(Arc::new(pending));
    let options = Options { targets: vec![adoption.address.clone()], ..Options::default() };
    let planned = match planner::plan(&stack, &inventory, place.account.registry(), &options) {
        Ok(planned) => planned,
        Err(problems) => return Err(Failure { error: Error::invalid(problems), sources }),
    };
    let differs = planned.plan.changes.iter().find(|change| change.address == adoption.address);
    if let Some(change) = differs.filter(|change| matches!(change.action, Action::Replace { .. })) {
        return Err(would_be_replaced(&thing, change).into());
    }
    let attributes = differs.map(|change| change.attributes.iter().filter_map(left_to_apply).collect());
    let trigger = stack.trigger(&instance, &planned.known).unwrap_or(Value::Null);
    let owner = stack.owner();
    let retag = TagChange {
        set: marks(owner, instance.facts, &adoption.address, 1, &instance.lifecycle, &trigger),
        ..TagChange::default()
    };
    let attributes = attributes.unwrap_or_default();
    let change = Change { attributes, ..change(&adoption.address, &thing, Action::Adopt, Reason::Requested) };
    let item = Item { observed: Some(thing), retag, role_arn: instance.role_arn.clone(), ..Item::default() };
    Ok(ready(stack, &inventory, place, (change, item), sources))
}

/// The plan that takes our tags off a thing.
pub(super) fn release(address: &Address, reading: Reading, place: &Place) -> Result<Ready, Failure> {
    let Reading { stack, inventory, sources, .. } = reading;
    let is_it = |thing: &&Arc<Observed>| thing.ours().is_some_and(|(ours, _)| ours == address);
    let mut found = inventory.things.iter().filter(is_it);
    let thing = found.next().cloned().ok_or_else(|| {
        Error::new(ErrorKind::Absent, format!("nothing of {} lives at {address}", stack.owner()))
            .hint("`clefctl show` lists what lives")
    })?;
    if found.next().is_some() {
        let words = format!("several things live at {address}: a replacement is not finished");
        return Err(Error::new(ErrorKind::Conflict, words).hint("run `clefctl apply` first").into());
    }
    let ours = thing.tags.keys().filter(|key| key.starts_with(tag::PREFIX)).cloned();
    let retag = TagChange { remove: ours.collect(), ..TagChange::default() };
    let mut change = change(address, &thing, Action::Release, Reason::Requested);
    let entry = stack.instances().get(address);
    if entry.is_some() {
        change
            .notes
            .push("its entry is still in the stack: take it out, or the next apply creates it again".to_owned());
    }
    let role_arn = entry.and_then(|entry| entry.role_arn.clone());
    let item = Item { observed: Some(Arc::clone(&thing)), retag, role_arn, ..Item::default() };
    Ok(ready(stack, &inventory, place, (change, item), sources))
}

fn declared<'a>(stack: &'a dyn Desired, address: &Address) -> Result<&'a Instance> {
    let instance = stack.instances().get(address).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("the stack has no entry `{address}`"))
            .hint("write an entry for it first, as it is to be")
    })?;
    if instance.facts.mark == Mark::Prefix {
        let words = format!("a {} takes no tags, so that it cannot be marked as ours", instance.kind);
        return Err(Error::new(ErrorKind::Usage, words).address(address));
    }
    Ok(instance)
}

/// The thing that the command line means, if it can be taken.
async fn find(adoption: &Adoption, instance: &Instance, inventory: &Inventory, place: &Place) -> Result<Observed> {
    let Adoption { address, id } = adoption;
    let lives = inventory.things.iter().find(|thing| thing.ours().is_some_and(|(ours, _)| ours == address));
    if let Some(lives) = lives {
        let words = format!("{address} lives already, as {}", lives.id);
        return Err(Error::new(ErrorKind::Conflict, words).hint(format!(
            "to take another thing in its place: `clefctl release {}` first",
            report::shell(&address.to_string())
        )));
    }
    let context = Context {
        region: instance.region.as_str().into(),
        role_arn: instance.role_arn.as_deref().map(Into::into),
        ..place.context.clone()
    };
    let kind = place.account.registry().expect(instance.kind)?;
    let found = kind.read(&context, Select::One(id)).await?;
    let Some(thing) = found.into_iter().next() else {
        let words = format!("there is no {} called {id} in {}", instance.kind, instance.region);
        return Err(Error::new(ErrorKind::Absent, words).address(address));
    };
    match &thing.owned {
        Owned::Foreign(None) | Owned::Pending(_) => Ok(thing),
        Owned::Foreign(Some(owner)) => {
            let words = format!("{id} belongs to {owner}");
            Err(Error::new(ErrorKind::Conflict, words).address(address).hint("let it be released there first"))
        }
        Owned::Ours { address: other, .. } => {
            let words = format!("{id} is {other} of this stack already");
            Err(Error::new(ErrorKind::Conflict, words)
                .address(address)
                .hint(format!("to rename it, add this to the stack: moved: [{{from: {other}, to: {address}}}]")))
        }
    }
}

fn would_be_replaced(thing: &Observed, change: &Change) -> Error {
    let forced = change.attributes.iter().filter(|a| a.forces);
    let words = format!("{} is not what the stack says, and the next apply would replace it", thing.id);
    let error = Error::new(ErrorKind::Conflict, words).address(&change.address);
    forced.fold(error, |error, a| {
        let (name, lives) = (&a.name, if a.sensitive { Value::Null.sensitive() } else { a.before.clone() });
        error.hint(format!("{name} cannot be changed in place: write `{name}: {lives}` in the stack"))
    })
}

/// What the next apply will do to an attribute; our own tags are written at once.
fn left_to_apply(a: &AttributeChange) -> Option<AttributeChange> {
    let theirs = |value: &Value| match value {
        Value::Map(map) if a.name == "tags" => {
            Value::map(map.iter().filter(|(key, _)| !key.starts_with(tag::PREFIX)).map(|(k, v)| (k.clone(), v.clone())))
        }
        other => other.clone(),
    };
    let (before, after) = (theirs(&a.before), theirs(&a.after));
    let note = Some("left to the next apply".to_owned());
    (before != after).then(|| AttributeChange { before, after, note, ..a.clone() })
}

fn change(address: &Address, thing: &Observed, action: Action, reason: Reason) -> Change {
    Change {
        address: address.clone(),
        kind: thing.kind,
        region: thing.region.clone(),
        action,
        reason,
        id: Some(thing.id.clone()),
        generation: thing.ours().map_or(1, |(_, generation)| generation),
        attributes: Vec::new(),
        loss: None,
        notes: Vec::new(),
    }
}

/// A plan of one change of tags.
fn ready(
    stack: Arc<dyn Desired>,
    inventory: &Inventory,
    place: &Place,
    (change, item): (Change, Item),
    sources: clefctl_core::error::Sources,
) -> Ready {
    let staying = inventory.things.iter().filter(|thing| thing.id != item.observed.as_ref().map_or("", |o| &*o.id));
    let current: BTreeMap<Address, Arc<Observed>> =
        staying.filter_map(|thing| Some((thing.ours()?.0.clone(), Arc::clone(thing)))).collect();
    let plan = Plan {
        owner: stack.owner().clone(),
        account: inventory.account.clone(),
        region: stack.region().to_owned(),
        destroy: false,
        changes: vec![change],
        unchanged: current.len(),
        steps: vec![Step { change: 0, verb: Verb::Retag, needs: Vec::new() }],
        outputs: Vec::new(),
        warnings: Vec::new(),
    };
    let planned = Planned {
        plan,
        tag_rules: TagRules::new(stack.ignore_tags()),
        known: Known::new(&inventory.account),
        desired: stack,
        items: vec![item],
        current,
    };
    Ready { planned, sources, account: Arc::clone(&place.account), strays: false }
}
