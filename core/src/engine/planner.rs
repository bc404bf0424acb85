//! The planner: from a stack and what lives to a plan. Pure and deterministic.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::detach::detached;
use super::draft::Draft;
use super::edges::{Ordering, old_ones_first};
use super::inventory::Inventory;
use super::known::Known;
use super::links::{Link, links};
use super::live::Live;
use super::plan::{Action, OutputChange, Plan};
use super::planned::{Item, Planned};
use super::removal::{awaited, observed_world, removals};
use super::resolve::{Resolution, reached, resolve};
use super::scene::{Options, Scene};
use super::tags::TagRules;
use crate::error::Problem;
use crate::kind::{Address, Desired, Observed, Output, Registry, Target, Value};

/// Plans what brings an account to what a stack wants, or all problems that stand in the way.
///
/// Neither the order of the stack file nor that of the inventory makes a difference.
pub fn plan(
    stack: &Arc<dyn Desired>,
    inventory: &Inventory,
    registry: &Registry,
    options: &Options,
) -> Result<Planned, Vec<Problem>> {
    let tag_rules = TagRules::new(stack.ignore_tags());
    let scene = Scene { stack: &**stack, registry, inventory, options, tag_rules };
    let mut problems = inventory.problems.clone();
    check_options(&scene, &mut problems);
    let live = Live::new(inventory, stack.moved(), &mut problems);

    let needs_links = options.destroy || !inventory.things.is_empty();
    let links = if needs_links { links(&inventory.things, registry) } else { Vec::new() };
    let reached = if options.destroy { dependents(&scene, &inventory.things, &links) } else { reached(&scene) };
    let selected = |address: &Address| match &reached {
        None => true,
        Some(reached) => reached.contains(address) || scene.options.targets(address),
    };
    let mut resolution = if options.destroy {
        Resolution { known: Known::new(&inventory.account), drafts: Vec::new(), unchanged: 0 }
    } else {
        resolve(&scene, &live, &selected, &mut problems)
    };
    let mut drafts = std::mem::take(&mut resolution.drafts);
    drafts.extend(removals(&scene, &live, &selected, &mut problems));
    let dying = awaited(&scene, &live, &drafts, &inventory.things, &links);
    drafts.extend(dying);
    drafts.sort_by(|a, b| key(a).cmp(&key(b)));
    old_ones_first(&scene, &mut drafts, &inventory.things, &links, &mut problems);

    problems.extend(left_behind(&drafts, &inventory.things, &links));
    let outputs = if options.destroy { Vec::new() } else { outputs(&scene, &live, &resolution.known, &mut problems) };
    let (warnings, errors): (Vec<_>, Vec<_>) = distinct(problems).into_iter().partition(|problem| !problem.is_error());
    if !errors.is_empty() {
        return Err(errors.into_iter().chain(warnings).collect());
    }
    let ordering =
        Ordering { scene: &scene, drafts: &drafts, things: &inventory.things, links: &links, known: &resolution.known };
    let (steps, unsettled) = ordering.steps().finish(&drafts)?;
    take_apart(&scene, &mut drafts, &unsettled, &links);
    let current = staying(&live, &drafts);
    let (changes, items): (Vec<_>, Vec<Item>) = drafts.into_iter().map(|draft| (draft.change, draft.item)).unzip();
    let plan = Plan {
        owner: stack.owner().clone(),
        account: inventory.account.clone(),
        region: stack.region().to_owned(),
        destroy: options.destroy,
        changes,
        unchanged: resolution.unchanged,
        steps,
        outputs,
        warnings,
    };
    Ok(Planned {
        plan,
        desired: Arc::clone(stack),
        items,
        known: resolution.known,
        tag_rules: scene.tag_rules,
        current,
    })
}

/// What expressions will see, as far as this inventory tells: for lookups that are still to be read.
pub(super) fn foresee(stack: &dyn Desired, inventory: &Inventory, registry: &Registry, options: &Options) -> Known {
    let tag_rules = TagRules::new(stack.ignore_tags());
    let scene = Scene { stack, registry, inventory, options, tag_rules };
    let mut problems = Vec::new();
    let live = Live::new(inventory, stack.moved(), &mut problems);
    if options.destroy {
        return observed_world(&scene, &live);
    }
    resolve(&scene, &live, &|_| true, &mut problems).known
}

/// What a stack's outputs are by what lives, and not by what its next apply would change. What waits for that is
/// unknown.
pub fn outputs_of_what_lives(
    stack: &dyn Desired,
    inventory: &Inventory,
    registry: &Registry,
) -> Result<Vec<Output>, Vec<Problem>> {
    let (options, tag_rules) = (Options::default(), TagRules::new(stack.ignore_tags()));
    let scene = Scene { stack, registry, inventory, options: &options, tag_rules };
    let mut problems = inventory.problems.clone();
    let live = Live::new(inventory, stack.moved(), &mut problems);
    problems.retain(Problem::is_error);
    if problems.is_empty() { stack.outputs(&observed_world(&scene, &live)) } else { Err(problems) }
}

/// By address, then generation.
fn key(draft: &Draft) -> (&Address, u32, &str, Option<&str>) {
    (&draft.change.address, draft.change.generation, draft.change.kind, draft.change.id.as_deref())
}

/// Targets and replacements must name something.
fn check_options(scene: &Scene<'_>, problems: &mut Vec<Problem>) {
    let options = scene.options;
    let declared = |asked: &Address| {
        scene
            .stack
            .instances()
            .keys()
            .any(|address| address == asked || asked.key.is_none() && address.name == asked.name)
    };
    let lives = |asked: &Address| {
        scene
            .inventory
            .things
            .iter()
            .filter_map(|thing| thing.ours())
            .any(|(address, _)| address == asked || asked.key.is_none() && address.name == asked.name)
    };
    let unknown = |flag: &str, asked: &Address| {
        Problem::error(format!("`{flag} '{asked}'` names nothing in the stack"))
            .hint("An address looks like `vpc` or `public[\"a\"]`.")
    };
    problems.extend(options.replace.iter().filter(|asked| !declared(asked)).map(|asked| unknown("--replace", asked)));
    let targets = options.targets.iter().filter(|asked| !declared(asked) && !lives(asked));
    problems.extend(targets.map(|asked| unknown("--target", asked)));
}

/// In a destroy, the targets and all that refers to them; `None` if everything goes.
fn dependents(scene: &Scene<'_>, things: &[Arc<Observed>], links: &[Link]) -> Option<BTreeSet<Address>> {
    if scene.options.targets.is_empty() {
        return None;
    }
    let mut referrers: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
    let address = |thing: usize| things[thing].ours().map(|(address, _)| address);
    for link in links {
        if let (Some(from), Some(to)) = (address(link.from), address(link.to)) {
            referrers.entry(to).or_default().insert(from);
        }
    }
    for instance in scene.stack.instances().values() {
        for reference in &instance.references {
            if let Target::Instance(to) = &reference.to {
                referrers.entry(to).or_default().insert(&instance.address);
            }
        }
    }
    let ours = things.iter().filter_map(|thing| thing.ours()).map(|(address, _)| address);
    let mut reached: BTreeSet<&Address> = ours.filter(|address| scene.options.targets(address)).collect();
    let mut next: Vec<&Address> = reached.iter().copied().collect();
    while let Some(address) = next.pop() {
        for &referrer in referrers.get(address).into_iter().flatten() {
            if reached.insert(referrer) {
                next.push(referrer);
            }
        }
    }
    Some(reached.into_iter().cloned().collect())
}

fn outputs(scene: &Scene<'_>, live: &Live, known: &Known, problems: &mut Vec<Problem>) -> Vec<OutputChange> {
    match scene.stack.outputs(known) {
        Ok(outputs) if outputs.is_empty() => Vec::new(),
        Ok(outputs) => {
            let now = scene.stack.outputs(&observed_world(scene, live)).unwrap_or_default();
            let now: BTreeMap<String, Value> = now.into_iter().map(|output| (output.name, output.value)).collect();
            let before = |name: &str| now.get(name).filter(|value| value.is_known()).cloned();
            let change = |output: Output| OutputChange {
                before: before(&output.name),
                name: output.name,
                value: output.value,
                description: output.description,
                sensitive: output.sensitive,
            };
            outputs.into_iter().map(change).collect()
        }
        Err(found) => {
            problems.extend(found);
            Vec::new()
        }
    }
}

/// One problem may be met on several ways.
fn distinct(problems: Vec<Problem>) -> Vec<Problem> {
    let mut distinct: Vec<Problem> = Vec::new();
    for problem in problems {
        if !distinct.contains(&problem) {
            distinct.push(problem);
        }
    }
    distinct
}

/// Warnings of things that are deleted although something that stays refers to them: AWS may refuse.
fn left_behind(drafts: &[Draft], things: &[Arc<Observed>], links: &[Link]) -> Vec<Problem> {
    let drafts: HashMap<*const Observed, &Draft> =
        drafts.iter().filter_map(|draft| Some((Arc::as_ptr(draft.item.observed.as_ref()?), draft))).collect();
    let draft = |thing: usize| drafts.get(&Arc::as_ptr(&things[thing])).copied();
    let goes = |draft: &&Draft| matches!(draft.change.action, Action::Delete | Action::Replace { .. });
    let mut warnings = Vec::new();
    for link in links {
        let (Some(gone), Some((referrer, _))) = (draft(link.to).filter(goes), things[link.from].ours()) else {
            continue;
        };
        let (old, name) = (gone.change.id.as_deref().unwrap_or_default(), &gone.change.address);
        let id = &things[link.from].id;
        let old_first = gone.change.action == (Action::Replace { create_first: false });
        let warning = match draft(link.from).map(|draft| draft.work) {
            Some(work) if work.delete => continue,
            Some(work) if work.update && (link.settled || !old_first) => continue,
            Some(work) if work.update => {
                let problem =
                    format!("{old} goes before its new one comes, but `{referrer}` ({id}) refers to it until then");
                Problem::warning(problem).hint(format!(
                    "AWS may refuse: let `{referrer}` refer to something else first, or set `create_before_destroy` on `{name}` if two can live side by side."
                ))
            }
            _ => Problem::warning(format!("{old} is deleted, but `{referrer}` ({id}) stays and refers to it"))
                .hint(format!("AWS may refuse: let `{referrer}` refer to something else, or keep `{name}`.")),
        };
        warnings.push(warning.address(name));
    }
    warnings
}

/// Says what is left of things when their settled references to what goes are taken out.
fn take_apart(scene: &Scene<'_>, drafts: &mut [Draft], unsettled: &BTreeSet<usize>, links: &[Link]) {
    let things = &scene.inventory.things;
    let gone = going(drafts);
    let mut lost: HashMap<*const Observed, Vec<&Observed>> = HashMap::new();
    for link in links.iter().filter(|link| gone.contains(&Arc::as_ptr(&things[link.to]))) {
        lost.entry(Arc::as_ptr(&things[link.from])).or_default().push(&things[link.to]);
    }
    for &change in unsettled {
        let Some(draft) = drafts.get_mut(change) else { continue };
        let Some(thing) = draft.item.observed.clone() else { continue };
        let lost = lost.get(&Arc::as_ptr(&thing)).map(Vec::as_slice).unwrap_or_default();
        if let Some(kind) = scene.registry.kind(thing.kind) {
            draft.item.unsettled = Some(detached(kind.facts(), &thing, &draft.change.address, lost));
        }
    }
}

/// The things that go.
fn going(drafts: &[Draft]) -> BTreeSet<*const Observed> {
    let old = |draft: &Draft| draft.item.observed.as_ref().map(Arc::as_ptr);
    drafts.iter().filter(|draft| draft.deletes()).filter_map(old).collect()
}

/// Everything ours that lives and stays.
fn staying(live: &Live, drafts: &[Draft]) -> BTreeMap<Address, Arc<Observed>> {
    let gone = going(drafts);
    live.all()
        .filter_map(|(address, _, lives)| Some((address, lives.current.as_ref().or(lives.unmarked.as_ref())?)))
        .filter(|(_, thing)| !gone.contains(&Arc::as_ptr(thing)))
        .map(|(address, thing)| (address.clone(), Arc::clone(thing)))
        .collect()
}
