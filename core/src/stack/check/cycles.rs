//! References that lead back to where they stand.

use std::collections::{HashMap, HashSet, VecDeque};

use super::super::instance::Stack;
use crate::error::{Problem, Span};
use crate::kind::{Address, Reference, Target};

/// The cycles among what must be there before a create: each with its loop.
pub(in super::super) fn check(stack: &Stack) -> Vec<Problem> {
    let mut problems = own(stack);
    let edges = |address: &Address| -> Vec<(&Address, &Reference)> {
        let Some(instance) = stack.instances.get(address) else { return Vec::new() };
        let create = instance.references.iter().filter(|reference| !reference.settled_from);
        create
            .filter_map(|reference| match &reference.to {
                Target::Instance(to) if stack.instances.contains_key(to) => Some((to, reference)),
                _ => None,
            })
            .collect()
    };
    // What is left when everything is taken away that waits for nothing, again and again, is in a cycle or behind one.
    let mut left: HashSet<&Address> = HashSet::new();
    let mut waits: HashMap<&Address, usize> = HashMap::new();
    let mut users: HashMap<&Address, Vec<&Address>> = HashMap::new();
    let mut ready: VecDeque<&Address> = VecDeque::new();
    for address in stack.instances.keys() {
        let out = edges(address);
        left.insert(address);
        waits.insert(address, out.len());
        if out.is_empty() {
            ready.push_back(address);
        }
        for (to, _) in out {
            users.entry(to).or_default().push(address);
        }
    }
    while let Some(done) = ready.pop_front() {
        left.remove(done);
        for user in users.get(done).into_iter().flatten() {
            if let Some(count) = waits.get_mut(user) {
                *count -= 1;
                if *count == 0 {
                    ready.push_back(user);
                }
            }
        }
    }
    let mut shown: HashSet<&Address> = HashSet::new();
    for start in stack.instances.keys().filter(|address| left.contains(address)) {
        if shown.contains(start) {
            continue;
        }
        let Some(found) =
            shortest(start, |address| edges(address).into_iter().filter(|(to, _)| left.contains(to)).collect())
        else {
            continue;
        };
        shown.extend(found.iter().map(|(from, _)| *from));
        problems.push(looped(&found));
        if problems.len() >= 20 {
            break;
        }
    }
    problems
}

/// The shortest way from an instance back to itself: who refers, and how.
fn shortest<'s>(
    start: &'s Address,
    edges: impl Fn(&'s Address) -> Vec<(&'s Address, &'s Reference)>,
) -> Option<Vec<(&'s Address, &'s Reference)>> {
    let mut came: HashMap<&Address, (&Address, &Reference)> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for (to, reference) in edges(at) {
            if came.contains_key(to) {
                continue;
            }
            came.insert(to, (at, reference));
            if to == start {
                let mut way = Vec::new();
                let mut at = start;
                loop {
                    let (from, reference) = *came.get(at)?;
                    way.push((from, reference));
                    at = from;
                    if at == start {
                        way.reverse();
                        return Some(way);
                    }
                }
            }
            queue.push_back(to);
        }
    }
    None
}

fn looped(way: &[(&Address, &Reference)]) -> Problem {
    let names: Vec<_> = way.iter().map(|(from, _)| format!("`{from}`")).collect();
    let first = names.first().cloned().unwrap_or_default();
    let mut problem = Problem::error(format!("{} and back to {first}: each waits for the next", names.join(" -> ")));
    for (at, (from, reference)) in way.iter().enumerate() {
        let words = format!("`{from}` waits for `{}` here, in `{}`", target(reference), reference.from);
        problem =
            if at == 0 { problem.at(reference.span).label(words) } else { problem.related(reference.span, words) };
    }
    let problem = match way.first() {
        Some((from, _)) => problem.address(from),
        None => problem,
    };
    problem.hint("Break the loop: only attributes that are set in the second step may close one.")
}

fn target(reference: &Reference) -> String {
    match &reference.to {
        Target::Instance(address) => address.to_string(),
        Target::Lookup(name) => format!("lookup.{name}"),
    }
}

/// Instances that need themselves before they are there.
fn own(stack: &Stack) -> Vec<Problem> {
    let problem = |(address, span, output): &(Address, Span, String)| {
        Problem::error(format!("`{address}` refers to itself")).at(*span).address(address).hint(format!(
            "`{output}` is known only after it exists; only attributes that are set in the second step may use it."
        ))
    };
    stack.own.iter().map(problem).collect()
}
