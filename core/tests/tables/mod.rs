//! Kinds and lookups of which only the tables exist: nothing is behind them. Tests and benchmarks share this file
//! (`#[path]`), those inside the crate as well.

use std::sync::Arc;

use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{
    Ask, Context, Declared, Deletion, Facts, Kind, Lookup, LookupFacts, Map, Observed, Registry, Select, TagChange,
    Violation,
};
use futures::FutureExt;
use futures::future::BoxFuture;

/// Structs of which only the tables are looked at.
#[allow(unused_macros, reason = "not everybody who shares this file has structs of that sort")]
macro_rules! tables {
    ($($(#[doc = $doc:literal])* $name:ident { $($body:tt)* })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Attributes)]
            #[allow(dead_code, reason = "only its table is looked at")]
            #[allow(clippy::struct_field_names, reason = "attributes have AWS's names")]
            struct $name { $($body)* }
        )*
    };
}
#[allow(unused_imports, reason = "not everybody who shares this file has structs of that sort")]
pub(crate) use tables;

/// Rules that the tables of a kind cannot say.
type Check = fn(&'static Facts, &Map) -> Vec<Violation>;
/// Why a kind must be replaced although no create-only attribute changes.
type MustReplace = fn(&Map, &Map) -> Option<(&'static str, String)>;

/// A kind of which only the tables exist.
pub(crate) struct Tables {
    facts: &'static Facts,
    check: Check,
    must_replace: MustReplace,
}

#[allow(dead_code, reason = "not everybody who shares this file needs all of it")]
impl Tables {
    /// Kinds without rules of their own. They live as long as the process.
    pub(crate) fn all(kinds: impl IntoIterator<Item = Facts>) -> Vec<Self> {
        let leak =
            |facts| Self { facts: Box::leak(Box::new(facts)), check: |_, _| Vec::new(), must_replace: |_, _| None };
        kinds.into_iter().map(leak).collect()
    }

    /// The same with rules that tables cannot say.
    pub(crate) fn checked(self, check: Check) -> Self {
        Self { check, ..self }
    }

    /// The same with reasons to be replaced.
    pub(crate) fn replaced(self, must_replace: MustReplace) -> Self {
        Self { must_replace, ..self }
    }
}

/// All of them as a registry.
pub(crate) fn registry(
    kinds: impl IntoIterator<Item = Tables>,
    lookups: impl IntoIterator<Item = &'static LookupFacts>,
) -> Registry {
    Registry::new(
        kinds.into_iter().map(|kind| Arc::new(kind) as Arc<dyn Kind>).collect(),
        lookups.into_iter().map(|facts| Arc::new(LookupTables(facts)) as Arc<dyn Lookup>).collect(),
    )
}

fn nothing<'a, T>() -> BoxFuture<'a, Result<T>> {
    async { Err(Error::internal("a table has nothing behind it")) }.boxed()
}

impl Kind for Tables {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn check(&self, declared: &Map) -> Vec<Violation> {
        (self.check)(self.facts, declared)
    }

    fn must_replace(&self, declared: &Map, observed: &Map) -> Option<(&'static str, String)> {
        (self.must_replace)(declared, observed)
    }

    fn read<'a>(&'a self, _: &'a Context, _: Select<'a>) -> BoxFuture<'a, Result<Vec<Observed>>> {
        nothing()
    }

    fn create<'a>(&'a self, _: &'a Context, _: &'a Declared) -> BoxFuture<'a, Result<Observed>> {
        nothing()
    }

    fn update<'a>(&'a self, _: &'a Context, _: &'a Declared, _: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        nothing()
    }

    fn delete<'a>(&'a self, _: &'a Context, _: &'a Observed, _: &'a Deletion) -> BoxFuture<'a, Result<()>> {
        nothing()
    }

    fn retag<'a>(&'a self, _: &'a Context, _: &'a Observed, _: &'a TagChange) -> BoxFuture<'a, Result<()>> {
        nothing()
    }

    fn wait<'a>(&'a self, _: &'a Context, _: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        nothing()
    }

    fn preflight<'a>(&'a self, _: &'a Context, _: Ask<'a>) -> BoxFuture<'a, Result<Vec<Violation>>> {
        nothing()
    }
}

/// A lookup of which only the tables exist.
struct LookupTables(&'static LookupFacts);

impl Lookup for LookupTables {
    fn facts(&self) -> &'static LookupFacts {
        self.0
    }

    fn read<'a>(&'a self, _: &'a Context, _: &'a Map) -> BoxFuture<'a, Result<Option<Map>>> {
        nothing()
    }
}
