//! Every kind on the wire: created, read back as declared, changed, deleted; cut before and after each request that
//! changes something, and each answer lost once. A kind joins by being in the list and having an example.
//!
//! `CLEFCTL_KIND=vpc cargo test --test it conformance` looks at one kind only.

mod attributes;
mod counts;
pub(crate) mod driver;
pub(crate) mod fault;
mod lookups;
mod rules;

use std::path::PathBuf;
use std::sync::Mutex;

use crate::support::Moto;
use clefctl::aws::{Access, Connection};
use clefctl_core::engine::Options;
use driver::{Wire, assert_done, registry};
use fault::Fault;

/// How many kinds are looked at at a time.
const AT_ONCE: usize = 4;

fn example(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{kind}.yaml"))
}

/// The kinds of the list, or the one that is asked for.
fn kinds() -> Vec<&'static str> {
    let only = std::env::var("CLEFCTL_KIND").ok();
    let registry = registry(&Connection::new(Access::default()));
    let names = registry.kinds().map(|kind| kind.facts().name);
    names.filter(|name| only.as_deref().is_none_or(|only| only == *name)).collect()
}

/// Looks at all kinds, some at a time, each on a thread of its name; the messages of those that fail are above.
fn each_kind<F: Future<Output = ()>>(look: impl Fn(&'static str) -> F + Sync) {
    let left = Mutex::new(kinds());
    let failed = Mutex::new(Vec::new());
    let look_at = &|kind: &'static str| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(look(kind));
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(kind) = { left.lock().unwrap().pop() } {
                    let named = std::thread::Builder::new().name(kind.to_owned());
                    let looking = named.spawn_scoped(scope, move || look_at(kind)).unwrap();
                    if looking.join().is_err() {
                        failed.lock().unwrap().push(kind);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "kinds that do not conform: {failed:?}");
}

#[test]
fn every_kind_has_an_example() {
    let without: Vec<_> = kinds().into_iter().filter(|kind| !example(kind).exists()).collect();
    assert!(without.is_empty(), "no examples/<kind>.yaml for {without:?}");
}

#[test]
fn what_is_applied_reads_back_as_declared_and_goes_again() {
    each_kind(|kind| async move {
        let moto = Moto::start_in("eu-west-3");
        let wire = Wire::new(&moto, &example(kind));
        wire.apply().await;
        let plan = wire.plan().await.plan;
        assert!(plan.is_empty(), "{kind}: the plan after the apply is not empty: {:#?}", plan.changes);
        wire.destroy().await;
        assert_eq!(moto.leftovers(), Vec::<String>::new(), "{kind}: left behind");
    });
}

/// Runs the example with a fault at each changing request of the kind in turn; after each a new run converges to as
/// many things as there are without a fault.
async fn survives(kind: &'static str, fault: Fault) {
    let clean = Moto::start_in("eu-west-3");
    let wire = Wire::new(&clean, &example(kind)).narrow();
    wire.apply().await;
    let expected = clean.leftovers().len();
    for at in 0.. {
        let moto = Moto::start_in("eu-west-3");
        let wire = Wire::new(&moto, &example(kind)).narrow();
        let ended = wire.apply_with(Options::default(), kind, Some((fault, at))).await;
        let Some(operation) = ended.struck else { break };
        let place = format!("{kind}: {fault:?} at {operation} (request {at})");
        if let Some(report) = &ended.report {
            assert_done(report);
        }
        wire.apply().await;
        let plan = wire.plan().await.plan;
        assert!(plan.is_empty(), "{place}: the plan after the second run is not empty: {:#?}", plan.changes);
        let there = moto.leftovers();
        assert_eq!(there.len(), expected, "{place}: {there:#?}");
    }
    // Deletion, cut likewise.
    for at in 0.. {
        let moto = Moto::start_in("eu-west-3");
        let wire = Wire::new(&moto, &example(kind)).narrow();
        wire.apply().await;
        let options = Options { destroy: true, ..Options::default() };
        let ended = wire.apply_with(options, kind, Some((fault, at))).await;
        let Some(operation) = ended.struck else { break };
        if let Some(report) = &ended.report {
            assert_done(report);
        }
        wire.destroy().await;
        let place = format!("{kind}: {fault:?} at {operation} (request {at} of the deletion)");
        assert_eq!(moto.leftovers(), Vec::<String>::new(), "{place}");
    }
}

#[test]
fn a_run_cut_before_any_request_is_completed_by_the_next() {
    each_kind(|kind| survives(kind, Fault::CutBefore));
}

#[test]
fn a_run_cut_after_any_request_is_completed_by_the_next() {
    each_kind(|kind| survives(kind, Fault::CutAfter));
}

#[test]
fn a_lost_answer_makes_nothing_twice() {
    each_kind(|kind| survives(kind, Fault::LostAnswer));
}
