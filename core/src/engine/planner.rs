//! The planner: from a stack and what lives to a plan. Pure and deterministic.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

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
use crate::kind::{Address, Declared, Desired, Facts, Map, Observed, Registry, Target};

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
    let outputs = if options.destroy { Vec::new() } else { outputs(&scene, &resolution.known, &mut problems) };
    let (warnings, errors): (Vec<_>, Vec<_>) = distinct(problems).into_iter().partition(|problem| !problem.is_error());
    if !errors.is_empty() {
        return Err(errors.into_iter().chain(warnings).collect());
    }
    let ordering =
        Ordering { scene: &scene, drafts: &drafts, things: &inventory.things, links: &links, known: &resolution.known };
    let (steps, unsettled) = ordering.steps().finish(&drafts)?;
    for &change in &unsettled {
        if let Some(draft) = drafts.get_mut(change) {
            draft.item.unsettled = without_settled(&scene, draft);
        }
    }
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

fn outputs(scene: &Scene<'_>, known: &Known, problems: &mut Vec<Problem>) -> Vec<OutputChange> {
    match scene.stack.outputs(known) {
        Ok(outputs) => outputs
            .into_iter()
            .map(|output| OutputChange {
                name: output.name,
                value: output.value,
                description: output.description,
                sensitive: output.sensitive,
            })
            .collect(),
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
    let goes = |draft: &&Draft| matches!(draft.change.action, Action::Delete);
    let turns = |draft: &Draft| draft.work.update || draft.work.delete;
    links
        .iter()
        .filter(|link| draft(link.from).is_none_or(|draft| !turns(draft)))
        .filter_map(|link| Some((draft(link.to).filter(goes)?, things[link.from].ours()?.0, &things[link.from].id)))
        .map(|(gone, address, id)| {
            let old = gone.change.id.as_deref().unwrap_or_default();
            Problem::warning(format!("{old} is deleted, but `{address}` ({id}) stays and refers to it"))
                .address(&gone.change.address)
                .hint(format!(
                    "AWS may refuse: let `{address}` refer to something else, or keep `{}`.",
                    gone.change.address
                ))
        })
        .collect()
}

/// What is left of a thing when its settled attributes are taken out.
fn without_settled(scene: &Scene<'_>, draft: &Draft) -> Option<Declared> {
    let thing = draft.item.observed.as_ref()?;
    let facts: &Facts = scene.registry.kind(thing.kind)?.facts();
    let kept = |name: &str| {
        facts.declared.attribute(name).is_some_and(|attribute| !attribute.settled && !attribute.write_only)
    };
    let mut attributes: Map = thing
        .attributes
        .iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for attribute in facts.declared.attributes.iter().filter(|attribute| attribute.settled) {
        let empty = super::overlay::opinion(attribute, &Map::new()).unwrap_or_default();
        if !empty.is_null() {
            attributes.insert(attribute.name.to_owned(), empty);
        }
    }
    let name = facts.naming.and_then(|naming| thing.get(naming.attribute).as_str().map(str::to_owned));
    Some(Declared {
        address: draft.change.address.clone(),
        generation: thing.ours().map_or(1, |(_, generation)| generation),
        name,
        attributes,
        tags: thing.tags.clone(),
    })
}

/// Everything ours that lives and stays.
fn staying(live: &Live, drafts: &[Draft]) -> BTreeMap<Address, Arc<Observed>> {
    let gone: BTreeSet<*const Observed> = drafts
        .iter()
        .filter(|draft| draft.deletes())
        .filter_map(|draft| draft.item.observed.as_ref().map(Arc::as_ptr))
        .collect();
    live.all()
        .filter_map(|(address, _, lives)| Some((address, lives.current.as_ref().or(lives.unmarked.as_ref())?)))
        .filter(|(_, thing)| !gone.contains(&Arc::as_ptr(thing)))
        .map(|(address, thing)| (address.clone(), Arc::clone(thing)))
        .collect()
}
