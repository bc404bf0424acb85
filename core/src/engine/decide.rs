//! What happens to one declared instance: nothing, or which change, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::declare::{Declaration, Phase, declare, physical_name, unwritten_name};
use super::diff;
use super::ignore::Ignored;
use super::known::{Known, Within, view};
use super::live::Lives;
use super::overlay::opinion;
use super::plan::{Action, AttributeChange, Reason};
use super::scene::Scene;
use super::tags::{marks, trigger_hash, version_name};
use crate::error::Problem;
use crate::kind::{
    Address, Attribute, Changes, Declared, Deletion, Facts, Instance, Kind, Map, Mark, Observed, Status, TagChange,
    Target, Value, World, tag,
};

/// What was decided of one instance.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    /// What happens; `None` for nothing.
    pub action: Option<Action>,
    /// Why.
    pub reason: Reason,
    /// What differs.
    pub attributes: Vec<AttributeChange>,
    /// The generation that is current afterwards.
    pub generation: u32,
    /// The thing that lives now, if one does.
    pub observed: Option<Arc<Observed>>,
    /// What the whole instance will be, unknown parts included.
    pub declared: Declared,
    /// How the thing that lives is deleted, if it is.
    pub deletion: Deletion,
    /// Whether the thing is on its way and must be waited for.
    pub waits: bool,
    /// Whether a new thing needs a second step.
    pub settles: bool,
    /// Further things to know.
    pub notes: Vec<String>,
    /// All that expressions see of it afterwards.
    pub value: Value,
}

impl Decision {
    /// What the decision says, in short: a second look at a cycle goes on until it says the same again.
    pub(super) fn gist(&self) -> (Option<&Action>, Vec<&str>) {
        (self.action.as_ref(), self.attributes.iter().map(|change| change.name.as_str()).collect())
    }
}

/// The instances that change only because lookups moved, with these lookups.
pub(super) type Moving = BTreeMap<Address, Vec<String>>;

/// Decides of one instance, in the world as it is known so far.
pub(super) fn decide(
    scene: &Scene<'_>,
    instance: &Instance,
    lives: Option<&Lives>,
    known: &Known,
    moving: &Moving,
) -> Result<Decision, Vec<Problem>> {
    let kind = scene.kind(instance.kind, &instance.address)?;
    let observed = lives.and_then(|lives| lives.current.as_ref().or(lives.unmarked.as_ref()));
    let evaluated = evaluate(scene, instance, known, 1, observed.map(|observed| &**observed))?;
    let trigger = scene.stack.trigger(instance, known)?;
    let case = Case { scene, instance, kind, facts: kind.facts(), known, evaluated, trigger };
    let Some(lives) = lives else { return case.create() };
    match (&lives.current, &lives.unmarked) {
        (Some(observed), _) | (None, Some(observed)) => case.existing(observed, lives, moving),
        (None, None) => case.create(),
    }
}

/// What the stack says of an instance that is called as what lives is, or by default.
fn evaluate(
    scene: &Scene<'_>,
    instance: &Instance,
    known: &Known,
    generation: u32,
    observed: Option<&Observed>,
) -> Result<Map, Vec<Problem>> {
    let (owner, account) = (scene.stack.owner(), &scene.inventory.account);
    let name = unwritten_name(owner, account, instance, generation, observed);
    scene.stack.evaluate(instance, &Within { known, address: &instance.address, name })
}

/// One instance, evaluated.
struct Case<'a> {
    scene: &'a Scene<'a>,
    instance: &'a Instance,
    kind: &'a dyn Kind,
    facts: &'static Facts,
    known: &'a Known,
    evaluated: Map,
    trigger: Value,
}

impl Case<'_> {
    fn declaration(&self, generation: u32) -> Declaration<'_> {
        Declaration {
            owner: self.scene.stack.owner(),
            account: &self.scene.inventory.account,
            facts: self.facts,
            instance: self.instance,
            evaluated: &self.evaluated,
            trigger: &self.trigger,
            generation,
            tag_rules: &self.scene.tag_rules,
        }
    }

    fn create(self) -> Result<Decision, Vec<Problem>> {
        if let Some(taken) = self.scene.inventory.taken.get(&self.instance.address) {
            return Err(vec![taken_by_another(self.instance, self.facts, taken, self.declaration(1))]);
        }
        self.has_its_secrets()?;
        let declared = declare(self.declaration(1), Phase::Whole, None);
        let attributes = diff::creation(self.facts, &declared.attributes, self.evaluated.get("tags"));
        Ok(self.decision(Some(Action::Create), Reason::New, attributes, declared, None))
    }

    fn existing(self, observed: &Arc<Observed>, lives: &Lives, moving: &Moving) -> Result<Decision, Vec<Problem>> {
        let generation = lives.generation.max(1);
        let declared = declare(self.declaration(generation), Phase::Whole, Some(observed));
        let mut attributes = self.differences(observed, generation)?;
        let moved_lookups = self.note_moved_lookups(&mut attributes, moving);
        if let Some((reason, forced)) = self.must_be_replaced(observed, &attributes, &declared)? {
            for change in &mut attributes {
                change.forces |= forced.as_deref() == Some(change.name.as_str());
            }
            return self.replace(observed, generation, reason, attributes);
        }
        let only_tags = attributes.iter().all(|change| change.name == "tags");
        let (action, reason) = match (&lives.moved_from, &observed.status) {
            _ if lives.current.is_none() => (Some(Action::Adopt), Reason::Unmarked),
            (Some(from), _) if only_tags => (Some(Action::Move { from: from.clone() }), Reason::Renamed),
            (_, Status::Pending(word)) if attributes.is_empty() => {
                (Some(Action::Await), Reason::InProgress(word.clone()))
            }
            _ if attributes.is_empty() => (None, Reason::Differs),
            _ if !moved_lookups.is_empty() => (Some(Action::Update), Reason::LookupMoved(moved_lookups)),
            _ if !lives.superseded.is_empty() => (Some(Action::Update), Reason::Unfinished),
            _ => (Some(Action::Update), Reason::Differs),
        };
        let moved_from = lives.moved_from.clone();
        let mut decision = self.decision(action, reason, attributes, declared, Some(observed));
        decision.waits = matches!(observed.status, Status::Pending(_));
        if let (Some(from), Some(Action::Update)) = (moved_from, &decision.action) {
            decision.notes.push(format!("moves from `{from}`"));
        }
        Ok(decision)
    }

    /// Everything that is not as declared.
    fn differences(&self, observed: &Observed, generation: u32) -> Result<Vec<AttributeChange>, Vec<Problem>> {
        let lifecycle = &self.instance.lifecycle;
        let ignored = Ignored::new(&lifecycle.ignore_changes);
        let mut all = diff::attributes(self.facts.declared, &self.evaluated, &observed.attributes, &ignored);
        if self.facts.mark == Mark::Prefix {
            return Ok(all);
        }
        let versions = diff::versions(self.facts, &self.evaluated, &observed.tags);
        let missing: Vec<Problem> =
            versions.iter().filter_map(|version| self.missing_secret(version, observed)).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        all.extend(versions);
        let owner = self.scene.stack.owner();
        let marks = marks(owner, self.facts, &self.instance.address, generation, lifecycle, &self.trigger);
        all.extend(diff::tags(observed, &self.evaluated, &marks, lifecycle, &self.scene.tag_rules));
        Ok(all)
    }

    /// A higher version without the value that it stands for.
    fn missing_secret(&self, version: &AttributeChange, observed: &Observed) -> Option<Problem> {
        let name = version.name.strip_suffix("_version")?;
        self.is_null(name).then(|| {
            let problem = self.without(name, &version.after);
            match &version.before {
                Value::Null => problem,
                sent => problem.hint(format!("Or set `{}` back to {sent}, which {} has.", version.name, observed.id)),
            }
        })
    }

    /// An error where a thing is made and what cannot be read back is to be sent, but has no value.
    fn has_its_secrets(&self) -> Result<(), Vec<Problem>> {
        let written = self.facts.declared.attributes.iter().filter(|attribute| attribute.write_only);
        let missing = written.filter_map(|attribute| {
            let version = self.evaluated.get(&version_name(attribute.name)).filter(|version| !version.is_null())?;
            self.is_null(attribute.name).then(|| self.without(attribute.name, version))
        });
        let missing: Vec<Problem> = missing.collect();
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    fn is_null(&self, attribute: &str) -> bool {
        self.evaluated.get(attribute).is_none_or(Value::is_null)
    }

    /// The problem of a value that is to be sent and is null, where it is written and with what it comes from.
    fn without(&self, name: &str, version: &Value) -> Problem {
        let problem = Problem::error(format!("`{}` is {version} and `{name}` is null", version_name(name)));
        let problem = problem.address(&self.instance.address);
        let Some(source) = self.scene.stack.source(self.instance, name) else {
            return problem.at(self.instance.span).hint(format!("Give `{name}` a value, so that it can be sent."));
        };
        let problem = problem.at(source.span);
        match source.variables.as_slice() {
            [] => problem.hint(format!("Give `{name}` a value, so that it can be sent.")),
            [one] => problem.hint(format!(
                "Give the variable `{one}` a value, so that it can be sent: `CLEFCTL_VAR_{one}`, or `--var-file`."
            )),
            [first, ..] => {
                let names: Vec<String> = source.variables.iter().map(|name| format!("`{name}`")).collect();
                problem.hint(format!(
                    "Its value comes from the variables {}: give them values, such as by `CLEFCTL_VAR_{first}`.",
                    names.join(", ")
                ))
            }
        }
    }

    /// Why the thing cannot stay, if it cannot, and the attribute that says so beside the create-only ones.
    fn must_be_replaced(
        &self,
        observed: &Observed,
        attributes: &[AttributeChange],
        declared: &Declared,
    ) -> Result<Option<(Reason, Option<String>)>, Vec<Problem>> {
        if let Status::Failed(why) = &observed.status {
            return match self.facts.data {
                Some(data) if !self.scene.options.replaces(&self.instance.address) => {
                    Err(vec![self.failed_with_data(observed, why, data)])
                }
                _ => Ok(Some((Reason::Failed(why.clone()), None))),
            };
        }
        let forcing: Vec<String> =
            attributes.iter().filter(|change| change.forces).map(|change| change.name.clone()).collect();
        if !forcing.is_empty() {
            return Ok(Some((Reason::CreateOnly(forcing), None)));
        }
        let known = declared.attributes.values().all(Value::is_known);
        if known && let Some((attribute, why)) = self.kind.must_replace(&declared.attributes, &observed.attributes) {
            let reason = Reason::Demanded { attribute: attribute.to_owned(), why };
            return Ok(Some((reason, Some(attribute.to_owned()))));
        }
        if self.triggered(observed)? {
            return Ok(Some((Reason::Triggered, None)));
        }
        Ok(self.scene.options.replaces(&self.instance.address).then_some((Reason::Requested, None)))
    }

    /// Whether `replace_triggered_by` says something else than when the thing was made.
    fn triggered(&self, observed: &Observed) -> Result<bool, Vec<Problem>> {
        if self.trigger.is_null() {
            return Ok(false);
        }
        if self.facts.mark == Mark::Prefix {
            let problem =
                Problem::error(format!("`replace_triggered_by` needs a tag, and a {} takes none", self.facts.name));
            return Err(vec![problem.at(self.instance.span).address(&self.instance.address)]);
        }
        Ok(match (observed.tags.get(tag::TRIGGER), trigger_hash(&self.trigger)) {
            (_, None) => true,
            (Some(then), Some(now)) => *then != now,
            (None, Some(_)) => false,
        })
    }

    fn failed_with_data(&self, observed: &Observed, why: &str, data: &str) -> Problem {
        Problem::error(format!("{} failed ({why}) and holds {data}", observed.id))
            .at(self.instance.span)
            .address(&self.instance.address)
            .hint("Mend it in AWS and plan again.")
            .hint(format!("To give it up, plan with `--replace '{}'` once it can be deleted.", self.instance.address))
    }

    fn replace(
        mut self,
        observed: &Arc<Observed>,
        generation: u32,
        reason: Reason,
        attributes: Vec<AttributeChange>,
    ) -> Result<Decision, Vec<Problem>> {
        if self.instance.lifecycle.prevent_destroy {
            let forcing: Vec<String> =
                attributes.iter().filter(|change| change.forces).map(|change| format!("`{}`", change.name)).collect();
            let because = match forcing.as_slice() {
                [] => String::new(),
                names => format!(", because {} cannot be changed in place", names.join(", ")),
            };
            return Err(vec![
                Problem::error(format!("{} would be replaced{because}, and `prevent_destroy` forbids it", observed.id))
                    .at(self.instance.span)
                    .address(&self.instance.address)
                    .hint("Undo the change, or take `prevent_destroy` out of its `lifecycle`."),
            ]);
        }
        let generation = generation + 1;
        self.evaluated = evaluate(self.scene, self.instance, self.known, generation, None)?;
        self.has_its_secrets()?;
        let declared = declare(self.declaration(generation), Phase::Whole, None);
        if let Some(taken) = self.scene.inventory.taken.get(&self.instance.address)
            && self.bears(taken, &declared)
        {
            return Err(vec![taken_by_another(self.instance, self.facts, taken, self.declaration(generation))]);
        }
        let create_first = super::replacement::goes_first(self.instance, self.facts, observed, &declared, &attributes)?;
        let action = Some(Action::Replace { create_first });
        let mut decision = self.decision(action, reason, attributes, declared, Some(observed));
        decision.generation = generation;
        Ok(decision)
    }

    /// Whether a thing has the name that the new one is to have.
    fn bears(&self, taken: &Observed, new: &Declared) -> bool {
        let Some(naming) = &self.facts.naming else { return false };
        let theirs = taken.get(naming.attribute).as_str();
        new.name.as_deref().is_some_and(|name| theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(name)))
    }

    /// The lookups that alone account for all the changes, each noted on its attribute; empty if there is another cause.
    fn note_moved_lookups(&self, attributes: &mut [AttributeChange], moving: &Moving) -> Vec<String> {
        let mut all = BTreeSet::new();
        let mut other = false;
        for change in attributes.iter_mut() {
            let here = self.instance.references.iter().filter(|reference| reference.from == change.name);
            let mut lookups = BTreeSet::new();
            for reference in here {
                match &reference.to {
                    Target::Lookup(name) => {
                        lookups.insert(format!("lookup.{name}"));
                    }
                    Target::Instance(address) => {
                        let value = self.known.instance(address).unwrap_or_default();
                        let part = reference.attribute.as_ref().map_or(&value, |attribute| value.get(attribute));
                        match moving.get(address) {
                            _ if part.is_known() => {}
                            Some(names) => lookups.extend(names.iter().cloned()),
                            None => other = true,
                        }
                    }
                }
            }
            if lookups.is_empty() {
                other = true;
            } else {
                let names: Vec<&str> = lookups.iter().map(String::as_str).collect();
                change.note = Some(format!("since {} moved", names.join(", ")));
            }
            all.extend(lookups);
        }
        if other { Vec::new() } else { all.into_iter().collect() }
    }

    fn decision(
        self,
        action: Option<Action>,
        reason: Reason,
        attributes: Vec<AttributeChange>,
        declared: Declared,
        observed: Option<&Arc<Observed>>,
    ) -> Decision {
        let facts = self.facts;
        let made_anew = matches!(action, Some(Action::Create | Action::Replace { .. }));
        let stays = observed.filter(|_| !made_anew).map(|observed| &**observed);
        let unknown = |attribute: &Attribute| stays.is_some_and(|observed| moves(attribute, &attributes, observed));
        let mut seen = declared.attributes.clone();
        if let Some(tags) = self.evaluated.get("tags") {
            seen.insert("tags".to_owned(), tags.clone());
        }
        let value = view(facts, &self.instance.address, &seen, stays, unknown);
        let second = |attribute: &Attribute| {
            attribute.settled && opinion(attribute, &self.evaluated).is_some_and(|v| !v.is_null())
        };
        let replaced = matches!(action, Some(Action::Replace { .. }));
        Decision {
            settles: made_anew && facts.declared.attributes.iter().any(second),
            generation: declared.generation,
            observed: observed.cloned(),
            deletion: if replaced { Deletion { declared: self.evaluated } } else { Deletion::default() },
            waits: false,
            notes: Vec::new(),
            action,
            reason,
            attributes,
            declared,
            value,
        }
    }
}

/// Whether an output of a thing that stays is no longer what was observed, once these changes are made.
fn moves(output: &Attribute, changes: &[AttributeChange], observed: &Observed) -> bool {
    let changes = || changes.iter().filter(|change| change.name != "tags");
    let updated = match output.changes {
        Changes::OnReplacement => false,
        Changes::OnUpdateOf(names) => changes().any(|change| names.contains(&change.name.as_str())),
        Changes::OnAnyUpdate => changes().next().is_some(),
    };
    updated || matches!(observed.status, Status::Pending(_)) && observed.get(output.name).is_null()
}

/// The problem of a name that somebody else has.
fn taken_by_another(instance: &Instance, facts: &Facts, taken: &Observed, declaration: Declaration<'_>) -> Problem {
    let name = physical_name(&declaration, None).unwrap_or_else(|| taken.id.clone());
    let whose = match &taken.owned {
        crate::kind::Owned::Foreign(Some(owner)) => format!("it belongs to {owner}"),
        _ => "clefctl did not make it".to_owned(),
    };
    let id = if taken.id.contains(|c: char| c.is_whitespace() || c == '\'') {
        format!("{:?}", taken.id)
    } else {
        taken.id.clone()
    };
    Problem::error(format!("a {} named `{name}` is there already, and {whose}", facts.name))
        .at(instance.span)
        .address(&instance.address)
        .hint(format!("To manage it from now on: `clefctl adopt '{}' {id}`.", instance.address))
        .hint("To have another one, give this resource another name.")
}

/// What makes an adopted or moved thing ours: the tags that its declaration has and it has not.
pub(super) fn retag(decision: &Decision) -> TagChange {
    match &decision.observed {
        Some(observed) => TagChange::between(&observed.tags, &decision.declared.tags),
        None => TagChange::default(),
    }
}
