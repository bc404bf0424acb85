//! Networks that are parts of another one, as those of subnets are of their VPC's.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::super::instance::Stack;
use super::physical::part;
use crate::error::Problem;
use crate::kind::{Address, Instance, Map, Rule, Target, Type, Value, World};

/// The parts so far, none of which overlaps with another: by the whole and by first address.
#[derive(Default)]
pub(super) struct Networks<'a> {
    parts: BTreeMap<(String, IpAddr), (IpNet, &'a Instance)>,
}

impl<'a> Networks<'a> {
    /// Takes in what an instance says; `known` tells what it refers to.
    pub(super) fn take(
        &mut self,
        stack: &Stack,
        instance: &'a Instance,
        said: &Map,
        known: &dyn World,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for rule in instance.facts.declared.rules {
            let Rule::PartOf { network, reference, whole } = rule else { continue };
            let Some(net) = said.get(*network).and_then(parsed) else { continue };
            let at =
                |problem: Problem| problem.at(stack.span_of(&instance.address, network)).address(&instance.address);
            let source = instance.references.iter().find(|found| found.from == **reference).map(|found| &found.to);
            // `${subnet.vpc_id}` leads there, too, by way of a thing of another kind.
            if let Some(Target::Instance(source)) = source
                && is_whole(stack, instance, reference, source)
                && let Some(around) = known.instance(source).and_then(|values| parsed(values.get(whole)))
                && !around.contains(&net)
            {
                problems.push(
                    at(Problem::error(format!("{net} is no part of {around}, the network of `{source}`")))
                        .related(stack.span_of(source, whole), "this is the whole")
                        .hint(format!(
                            "If it has more networks that the stack does not know, write its id, or a lookup, as `{reference}`."
                        )),
                );
                continue;
            }
            let Some(place) = part(instance.facts, reference, said) else { continue };
            match self.overlapping(&place, net) {
                Some((other, first)) => problems.push(
                    at(Problem::error(format!(
                        "`{}` and `{}` overlap: {other} and {net}",
                        first.address, instance.address
                    )))
                    .related(stack.span_of(&first.address, network), "the other one"),
                ),
                None => {
                    self.parts.insert((place, net.network()), (net, instance));
                }
            }
        }
        problems
    }

    /// Networks lie apart or inside each other, so that only the neighbours matter.
    fn overlapping(&self, place: &str, net: IpNet) -> Option<(IpNet, &'a Instance)> {
        let here = (place.to_owned(), net.network());
        let before = self.parts.range(..=&here).next_back();
        let after = self.parts.range(&here..).next();
        let neighbours = before.into_iter().chain(after).filter(|((whole, _), _)| whole == place);
        neighbours.map(|(_, part)| *part).find(|(other, _)| other.contains(&net) || net.contains(other))
    }
}

/// Whether a resource is of the kind that the attribute refers to.
fn is_whole(stack: &Stack, instance: &Instance, reference: &str, source: &Address) -> bool {
    let ty = instance.facts.declared.attribute(reference).map(|attribute| &attribute.ty);
    let source = stack.instances.get(source);
    matches!((ty, source), (Some(Type::Reference { kind, .. }), Some(source)) if source.kind == *kind)
}

fn parsed(value: &Value) -> Option<IpNet> {
    value.as_str()?.parse().ok()
}
