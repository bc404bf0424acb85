//! The order in which instances and lookups are evaluated: what is referred to comes first.

use std::collections::HashMap;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::kind::{Address, Desired, Instance, LookupUse, Reference, Target};

/// Something that is evaluated.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    /// An instance.
    Instance(&'a Instance),
    /// A lookup.
    Lookup(&'a LookupUse),
}

impl<'a> Node<'a> {
    fn references(self) -> &'a [Reference] {
        match self {
            Self::Instance(instance) => &instance.references,
            Self::Lookup(lookup) => &lookup.references,
        }
    }
}

/// Everything in groups: a group refers only to groups before it and to itself. A group of more than one is a cycle
/// through settled attributes; inside it, what is needed for creation comes first.
pub(super) fn groups(stack: &dyn Desired) -> Vec<Vec<Node<'_>>> {
    let mut instances: Vec<&Instance> = stack.instances().values().collect();
    instances.sort_by(|a, b| a.address.cmp(&b.address));
    let mut lookups: Vec<&LookupUse> = stack.lookups().values().collect();
    lookups.sort_by(|a, b| a.name.cmp(&b.name));

    let mut graph = DiGraph::<Node<'_>, bool>::with_capacity(instances.len() + lookups.len(), instances.len());
    let by_address: HashMap<&Address, NodeIndex> =
        instances.iter().map(|instance| (&instance.address, graph.add_node(Node::Instance(instance)))).collect();
    let by_name: HashMap<&str, NodeIndex> =
        lookups.iter().map(|lookup| (lookup.name.as_str(), graph.add_node(Node::Lookup(lookup)))).collect();
    for from in graph.node_indices() {
        for reference in graph[from].references() {
            let to = match &reference.to {
                Target::Instance(address) => by_address.get(address),
                Target::Lookup(name) => by_name.get(name.as_str()),
            };
            if let Some(&to) = to
                && to != from
            {
                graph.add_edge(from, to, reference.settled_from);
            }
        }
    }
    let groups = petgraph::algo::kosaraju_scc(&graph);
    groups.into_iter().map(|group| in_creation_order(&graph, group)).collect()
}

/// The members of a cycle, those first that others need for their creation.
fn in_creation_order<'a>(graph: &DiGraph<Node<'a>, bool>, mut group: Vec<NodeIndex>) -> Vec<Node<'a>> {
    if group.len() > 1 {
        group.sort();
        let mut inner = DiGraph::<NodeIndex, ()>::new();
        let inside: HashMap<NodeIndex, NodeIndex> = group.iter().map(|&node| (node, inner.add_node(node))).collect();
        for &node in &group {
            for edge in graph.edges(node).filter(|edge| !edge.weight()) {
                use petgraph::visit::EdgeRef;
                if let (Some(&from), Some(&to)) = (inside.get(&node), inside.get(&edge.target())) {
                    inner.add_edge(from, to, ());
                }
            }
        }
        group = petgraph::algo::kosaraju_scc(&inner).into_iter().flatten().map(|node| inner[node]).collect();
    }
    group.into_iter().map(|node| graph[node]).collect()
}
