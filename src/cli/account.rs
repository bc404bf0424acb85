//! Where a run works: AWS, or the simulated account.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Account, Context, Owner};
use clefctl_core::simulation::{Options, Simulation};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::console::{Console, registry};
use crate::aws::{AwsAccount, Connection};

/// Where the simulated account is kept between commands.
pub(super) const SANDBOX: &str = ".clefctl";

/// What a shell says of a process that was killed.
const KILLED: i32 = 137;

/// How long a run may take at the most; each step has a time-out of its own.
const PATIENCE: Duration = Duration::from_hours(24);

/// The account that the command line means, for things of a region.
///
/// Its own calls (identity, lock, ledger) go on after the run is told to stop: the lock must be given back.
pub(super) fn open(console: &Console, context: &Context) -> Result<Arc<dyn Account>> {
    if console.global.sandbox {
        let simulation = simulation(console)?;
        simulation.set_faults(console.global.sandbox_faults.clone());
        let watched = simulation.clone();
        tokio::spawn(async move {
            watched.cut().await;
            // What a kill leaves behind is rehearsed: nothing may be tidied up.
            std::process::exit(KILLED);
        });
        return Ok(Arc::new(simulation));
    }
    let access = console.access(Some(context.region.to_string()));
    let context = Context { cancel: CancellationToken::new(), ..context.clone() };
    Ok(Arc::new(AwsAccount::new(access, registry, context)))
}

/// The simulated account.
pub(super) fn simulation(console: &Console) -> Result<Simulation> {
    let options = Options {
        folder: Some(PathBuf::from(SANDBOX)),
        speed: console.global.sandbox_speed,
        start: None,
        ..Options::default()
    };
    Simulation::open(&registry(&Connection::new(console.access(None))), options)
}

/// The context of a run; its account is not known yet.
pub(super) fn context(owner: &Owner, region: &str, cancel: &CancellationToken) -> Context {
    Context {
        owner: owner.clone(),
        account: "".into(),
        region: region.into(),
        role_arn: None,
        nonce: format!("{:016x}", fastrand::u64(..)).into(),
        deadline: Instant::now() + PATIENCE,
        cancel: cancel.clone(),
        progress: Arc::new(|_| {}),
        careful: false,
        together: None,
    }
}

/// The runtime of commands that talk to an account.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(ErrorKind::Internal, format!("no threads can be started: {e}")))
}
