//! What a run is about: one environment of a stack, or an owner whose file is gone.

use std::path::Path;

use clefctl_core::error::{Error, ErrorKind, Problem, Result, Sources};
use clefctl_core::kind::{Identity, Owner};
use clefctl_core::stack::{self, Prepared, StackFile};

use super::Failure;
use super::console::{Console, registry};
use crate::aws::Connection;

/// One environment of a stack, or an owner whose file is gone.
pub(super) struct Subject {
    /// Whose things.
    pub(super) owner: Owner,
    /// The stack's region.
    pub(super) region: String,
    /// The only account in which anything may be changed.
    pub(super) pin: Option<String>,
    /// The stack; `None` where there is only an owner.
    pub(super) prepared: Option<Prepared>,
    /// Its files.
    pub(super) sources: Sources,
    /// What is worth knowing about them.
    pub(super) warnings: Vec<Problem>,
}

impl Subject {
    /// The stack that the command line names, in the environment that it chooses.
    pub(super) fn of_stack(console: &Console, path: Option<&Path>) -> Result<Self, Failure> {
        let (file, sources, warnings) = load(&super::console::stack_path(path))?;
        let registry = registry(&Connection::new(console.access(None)));
        let inputs = console.global.inputs();
        let mut problems = warnings;
        problems.extend(file.check(&registry, &inputs));
        if problems.iter().any(Problem::is_error) {
            return Err(Failure { error: Error::invalid(problems), sources });
        }
        match file.prepare(&registry, &inputs) {
            Err(problems) => Err(Failure { error: Error::invalid(problems), sources }),
            Ok(prepared) => Ok(Self {
                owner: prepared.owner().clone(),
                region: prepared.region().to_owned(),
                pin: prepared.account().map(str::to_owned),
                prepared: Some(prepared),
                sources,
                warnings: problems,
            }),
        }
    }

    /// An owner alone.
    pub(super) fn of_owner(console: &Console, owner: &Owner) -> Result<Self> {
        let inputs = console.global.inputs();
        let region = inputs.region.or(inputs.default_region).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "without a stack the region is not known").hint("add --region REGION")
        })?;
        Ok(Self {
            owner: owner.clone(),
            region,
            pin: None,
            prepared: None,
            sources: Sources::default(),
            warnings: Vec::new(),
        })
    }

    /// Either.
    pub(super) fn of(console: &Console, path: Option<&Path>, owner: Option<&Owner>) -> Result<Self, Failure> {
        match owner {
            Some(owner) => Ok(Self::of_owner(console, owner)?),
            None => Self::of_stack(console, path),
        }
    }

    /// An error in any account but the one that the stack is pinned to.
    pub(super) fn check_account(&self, identity: &Identity) -> Result<()> {
        match &self.pin {
            Some(pin) if *pin != identity.account => Err(Error::new(
                ErrorKind::Usage,
                format!("{} belongs into account {pin}, but the credentials are for {}", self.owner, identity.account),
            )
            .hint(format!("the credentials are those of {}", identity.arn))
            .hint("choose others with --profile or AWS_PROFILE")),
            _ => Ok(()),
        }
    }

    /// An error where nobody can be asked and the stack does not say which account it means.
    pub(super) fn check_pinned(&self, identity: &Identity) -> Result<()> {
        if self.pin.is_some() || self.prepared.is_none() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Usage, "an apply that nobody watches needs to know the one account it may change")
            .hint(format!("add this line to the stack: account: \"{}\"", identity.account)))
    }
}

/// Reads a stack; what is wrong with its form ends the run.
fn load(path: &Path) -> Result<(StackFile, Sources, Vec<Problem>), Failure> {
    let loaded = stack::load(path);
    match loaded.file {
        Some(file) if !loaded.problems.iter().any(Problem::is_error) => Ok((file, loaded.sources, loaded.problems)),
        _ => Err(Failure { error: Error::invalid(loaded.problems), sources: loaded.sources }),
    }
}
