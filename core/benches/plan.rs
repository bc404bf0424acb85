//! How long planning takes: 5,000 resources below one root, in one chain, in a fan; nothing to do, and everything.
//!
//! `cargo bench -p clefctl-core --bench plan`. The figure to reach is one second of CPU for 5,000 resources.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use clefctl_core::engine::inventory::Inventory;
use clefctl_core::engine::known::Known;
use clefctl_core::engine::tags::marks;
use clefctl_core::engine::{Options, plan};
use clefctl_core::kind::{Desired, Instance, Lifecycle, Map, Observed, Owned, Registry, Status, Value};
use clefctl_core::simulation::scale::{Form, stack};
use clefctl_core::stack::{Inputs, load};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

#[path = "../tests/plans/kinds.rs"]
mod kinds;
#[path = "../tests/tables/mod.rs"]
mod tables;

const ACCOUNT: &str = "123456789012";

/// The stack of that form and size, read from its file.
fn read(registry: &Registry, form: Form, resources: usize) -> Result<Arc<dyn Desired>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("stack.yaml");
    std::fs::write(&file, stack(form, resources)).map_err(|error| error.to_string())?;
    let loaded = load(&file).file.ok_or("the stack cannot be read")?;
    let stack = loaded.expand(registry, &Inputs::default(), &Known::new(ACCOUNT));
    Ok(Arc::new(stack.map_err(|problems| format!("{problems:?}"))?))
}

/// What lives when all of the stack was applied.
fn applied(stack: &dyn Desired) -> Inventory {
    let thing = |(i, instance): (usize, &Instance)| {
        let (address, facts) = (instance.address.clone(), instance.facts);
        let mut tags = marks(stack.owner(), facts, &address, 1, &Lifecycle::default(), &Value::Null);
        let before = instance.references.first().map(|reference| match &reference.to {
            clefctl_core::kind::Target::Instance(to) => format!("vpc-{}", to.name.trim_start_matches('r')),
            clefctl_core::kind::Target::Lookup(name) => name.clone(),
        });
        tags.extend(before.map(|before| ("After".to_owned(), before)));
        Arc::new(Observed {
            kind: facts.name,
            role_arn: None,
            region: instance.region.clone(),
            id: format!("vpc-{i}"),
            owned: Owned::Ours { address, generation: 1 },
            status: Status::Usable,
            attributes: Map::from([
                ("cidr_block".to_owned(), Value::from(format!("10.{}.0.0/16", i % 256))),
                ("enable_dns_hostnames".to_owned(), Value::from(false)),
            ]),
            outputs: Map::from([("id".to_owned(), Value::from(format!("vpc-{i}")))]),
            tags,
        })
    };
    let things = stack.instances().values().enumerate().map(thing).collect();
    Inventory { account: ACCOUNT.to_owned(), things, taken: BTreeMap::new(), ..Inventory::default() }
}

fn planning(criterion: &mut Criterion) {
    let registry = kinds::registry();
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    for resources in [1_250, 5_000] {
        for (name, form) in [("root", Form::Root), ("chain", Form::Chains(resources)), ("fan", Form::Fan(4))] {
            let Ok(stack) = read(&registry, form, resources) else { continue };
            let (nothing, everything) =
                (applied(&*stack), Inventory { account: ACCOUNT.to_owned(), ..Inventory::default() });
            for (state, inventory, changes) in [("unchanged", nothing, 0), ("new", everything, resources)] {
                let run = || plan(&stack, &inventory, &registry, &Options::default());
                assert_eq!(run().map(|planned| planned.plan.changes.len()).ok(), Some(changes), "{name} {state}");
                let id = BenchmarkId::new(format!("{name}, {state}"), resources);
                group.bench_function(id, |bencher| bencher.iter(|| black_box(run())));
            }
        }
    }
    group.finish();
}

criterion_group!(benches, planning);
criterion_main!(benches);
