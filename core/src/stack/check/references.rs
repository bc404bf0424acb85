//! References as they are written, in branches that are not taken as well.

use super::super::document::Resource;
use super::super::expression::{Expression, Key, Names, Reference, ReferenceKind, Step};
use super::super::inputs::Offline;
use super::super::scope::{Scope, member, readable, references};
use super::super::tree::{Tree, TreeValue};
use super::super::uses::{Use, Uses};
use super::super::view::{Shared, View};
use super::kinds::Kinds;
use crate::error::Problem;
use crate::kind::{Address, Attribute, Block, Shape, Type, Value};

/// The problems of names that mean nothing, of what can never be read, and of what may be null.
/// The scope is one in which nothing is expanded.
pub(super) fn check(scope: &Scope) -> Vec<Problem> {
    let mut checker = Checker { scope, problems: Vec::new() };
    let document = &scope.document;
    let mut uses = Uses::new(document);
    for resource in document.resources.values() {
        checker.resource(resource, &mut uses);
    }
    for lookup in document.lookups.values() {
        let common = lookup.optional.iter().chain(&lookup.region).chain(&lookup.role_arn);
        for tree in lookup.arguments.iter().map(|branch| &branch.value).chain(common) {
            checker.tree(tree, None, None);
        }
        checker.nullable(&uses.lookup(lookup), None);
    }
    for output in document.outputs.values() {
        checker.tree(&output.value, None, None);
        checker.nullable(&uses.value(&output.value), None);
    }
    for local in document.locals.values() {
        checker.tree(&local.value, None, None);
    }
    for variable in document.variables.values() {
        for validation in &variable.validations {
            checker.tree(&validation.condition, None, None);
            checker.tree(&validation.message, None, None);
        }
    }
    for tree in &document.defaults.tags {
        checker.names(tree, &mut |reference| !matches!(&*reference.root, "each" | "self"));
    }
    checker.problems
}

struct Checker<'a> {
    scope: &'a Scope,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn resource(&mut self, resource: &Resource, uses: &mut Uses<'_>) {
        let before = self.problems.len();
        let declared = self.scope.facts(&resource.name.text).map_or(&Block::EMPTY, |facts| facts.declared);
        // What decides which instances there are sees no `self`, and `for_each` no `each`.
        for tree in resource.for_each.iter().chain(&resource.when) {
            self.tree(tree, None, resource.for_each.as_ref().filter(|each| !std::ptr::eq(*each, tree)));
        }
        let common = resource.region.iter().chain(&resource.role_arn).chain(&resource.tags);
        let common = common.chain(resource.timeouts.iter().map(|branch| &branch.value));
        for tree in common.chain(resource.lifecycle.parts().map(|(_, tree)| tree)) {
            self.tree(tree, Some((resource, None)), resource.for_each.as_ref());
        }
        for branch in &resource.attributes {
            let attribute = declared.attribute(&branch.key);
            self.tree(&branch.value, Some((resource, attribute)), resource.for_each.as_ref());
        }
        let attributes = self.scope.document.attributes(resource);
        Kinds { scope: self.scope, problems: &mut self.problems }.attributes(attributes, declared);
        self.nullable(&uses.resource(resource, declared), Some(resource));
        for problem in &mut self.problems[before..] {
            problem.address.get_or_insert_with(|| resource.name.text.to_string());
        }
    }

    /// Asks for the name of every reference of a tree.
    fn tree(&mut self, tree: &Tree, of: Option<(&Resource, Option<&Attribute>)>, for_each: Option<&Tree>) {
        let shared = Shared::default();
        let outside = View::new(self.scope, &Offline, &shared);
        let unknown = || Value::unknown(Shape::Any, "");
        let mut view = match of {
            Some((resource, attribute)) => {
                let view = outside.of(&Address::plain(&resource.name.text));
                view.within(attribute.is_some_and(|attribute| attribute.settled))
            }
            None => outside.within(false),
        };
        if for_each.is_some() || has_for_each(tree) {
            view = view.with_each(unknown(), unknown());
        }
        if !of.and_then(|(_, attribute)| attribute).is_some_and(|attribute| refers(&attribute.ty)) {
            self.texts(tree);
        }
        let write_only = of.and_then(|(_, attribute)| attribute).is_some_and(|attribute| attribute.write_only);
        for reference in references(tree) {
            self.name(&view, &reference);
            self.unreadable(&reference, write_only);
        }
    }

    /// Text that was hardly meant as such.
    fn texts(&mut self, tree: &Tree) {
        match &tree.value {
            TreeValue::Text(text) if self.scope.like_expression(text) => self.problems.push(
                Problem::warning(format!("`{text}` is text here"))
                    .at(tree.span)
                    .hint(format!("Only what stands in `${{…}}` is evaluated: if that is meant, write '${{{text}}}'.")),
            ),
            TreeValue::List(items) => items.iter().for_each(|item| self.texts(item)),
            TreeValue::Map(entries) => entries.iter().for_each(|entry| self.texts(&entry.value)),
            _ => {}
        }
    }

    fn names(&mut self, tree: &Tree, wanted: &mut dyn FnMut(&Reference) -> bool) {
        let shared = Shared::default();
        let view = View::new(self.scope, &Offline, &shared);
        for reference in references(tree).iter().filter(|reference| wanted(reference)) {
            self.name(&view, reference);
        }
    }

    fn name(&mut self, view: &View<'_>, reference: &Reference) {
        let document = &self.scope.document;
        let there = match &*reference.root {
            "var" => member(reference).is_some_and(|(name, _)| document.variables.contains_key(name)),
            "local" => member(reference).is_some_and(|(name, _)| document.locals.contains_key(name)),
            _ => false,
        };
        if there {
            return;
        }
        let mut steps = Vec::new();
        for step in &reference.steps {
            match &step.kind {
                ReferenceKind::Key(key) => steps.push(Step { key: key.clone(), span: step.span }),
                // Any key stands for one that is computed.
                ReferenceKind::Computed(_) | ReferenceKind::Any => {
                    steps.push(Step { key: Key::Splat, span: step.span });
                }
            }
        }
        if let Err(problem) = view.get(&reference.root, &steps, reference.span) {
            self.problems.push(*problem);
        }
    }

    /// What can be sent but never read.
    fn unreadable(&mut self, reference: &Reference, write_only: bool) {
        let Some(resource) = self.scope.resource(&reference.root) else { return };
        let Some(facts) = self.scope.facts(&reference.root) else { return };
        let at = usize::from(resource.for_each.is_some());
        let step = reference.steps.get(at).or_else(|| reference.steps.get(1));
        let Some(ReferenceKind::Key(Key::Name(name))) = step.map(|step| &step.kind) else { return };
        match readable(facts, name) {
            Some((attribute, false)) if attribute.write_only => self.problems.push(
                Problem::error(format!("`{}.{name}` is write-only: AWS never gives it back", resource.name.text))
                    .at(reference.span)
                    .hint("Refer to where its value comes from."),
            ),
            Some((attribute, true)) if attribute.write_only && !write_only => self.problems.push(
                Problem::error(format!("`{}.{name}` may stand in write-only attributes alone", resource.name.text))
                    .at(reference.span)
                    .hint("It is fetched at the moment of the call, and is never kept or shown."),
            ),
            _ => {}
        }
    }

    /// References to what is null where its `when` is false.
    fn nullable(&mut self, uses: &[Use], of: Option<&Resource>) {
        for found in uses {
            let reference = &found.reference;
            let Some(target) = self.scope.resource(&reference.root) else { continue };
            let Some(when) = target.when.as_ref().filter(|when| when.value != TreeValue::Bool(true)) else { continue };
            let whole = reference.steps.is_empty();
            if target.for_each.is_some() || reference.guarded || whole {
                continue;
            }
            if of.is_some_and(|of| of.name.text == target.name.text) {
                continue;
            }
            let own = of.and_then(|of| of.when.as_ref());
            if own.is_some_and(|own| implies(own, when) || tests(own, &reference.root)) {
                continue;
            }
            if let Some(needed) = expression(when)
                && reference.conditions.iter().any(|(condition, holds)| *holds && contains(condition, &needed))
            {
                continue;
            }
            let name = &target.name.text;
            self.problems.push(
                Problem::error(format!("`{name}` is null where its `when` is false, and this does not allow for that"))
                    .at(reference.span)
                    .related(when.span, format!("`{name}` is there only when this holds"))
                    .hint(format!(
                        "Give what refers to it the same `when`, or write `{name} == null ? … : {name}.…`, or `try({name}.…, …)`."
                    )),
            );
        }
    }
}

/// Whether values of the type are ids and the like of other resources.
fn refers(ty: &Type) -> bool {
    match ty {
        Type::Reference { kind, .. } => !kind.is_empty(),
        Type::List(item) | Type::Set(item) | Type::Map(item) => refers(item),
        _ => false,
    }
}

/// Whether an entry inside has a `for_each` of its own.
fn has_for_each(tree: &Tree) -> bool {
    match &tree.value {
        TreeValue::List(items) => items.iter().any(has_for_each),
        TreeValue::Map(entries) => entries.iter().any(|entry| &*entry.key == "for_each" || has_for_each(&entry.value)),
        _ => false,
    }
}

fn expression(tree: &Tree) -> Option<Expression> {
    match &tree.value {
        TreeValue::Template(template) => template.expression().cloned(),
        _ => None,
    }
}

/// Whether `needed` holds wherever `given` does.
fn implies(given: &Tree, needed: &Tree) -> bool {
    match (&given.value, &needed.value) {
        (TreeValue::Bool(false), _) => true,
        (TreeValue::Template(_), TreeValue::Template(_)) => match (expression(given), expression(needed)) {
            (Some(given), Some(needed)) => contains(&given, &needed),
            _ => false,
        },
        _ => false,
    }
}

/// Whether every condition that `needed` joins with `&&` is one of those that `given` joins.
fn contains(given: &Expression, needed: &Expression) -> bool {
    let given = given.conjuncts();
    needed.conjuncts().iter().all(|needed| given.contains(needed))
}

/// Whether a `when` tests a resource for null.
fn tests(when: &Tree, name: &str) -> bool {
    references(when).iter().any(|reference| &*reference.root == name && reference.guarded)
}
