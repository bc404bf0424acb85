//! `unlock`: takes the lock away from a run that is dead.

use std::path::PathBuf;

use clefctl_core::engine::lock;
use clefctl_core::kind::Owner;
use tokio_util::sync::CancellationToken;

use super::console::{Console, holder};
use super::subject::Subject;
use super::{Exit, Failure, account};

const EXAMPLES: &str = "\
Examples:
  clefctl unlock -e dev
  clefctl unlock --owner clefcloud/dev --region eu-west-3";

/// Takes the lock of a stack away from the run that holds it, after a question.
///
/// Seldom needed: a lock whose holder gives no sign of life is taken over by the next run.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    /// Whose lock, when there is no file: STACK/ENVIRONMENT.
    #[arg(long, conflicts_with = "stack", value_parser = super::global::owner)]
    owner: Option<Owner>,
    /// Takes it away without a question.
    #[arg(long)]
    auto_approve: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let Subject { owner, region, .. } = Subject::of(console, args.stack.as_deref(), args.owner.as_ref())?;
    account::runtime()?.block_on(async {
        let context = account::context(&owner, &region, &CancellationToken::new());
        let store = account::open(console, &context)?.store(&region);
        let Some(seen) = lock::look(&*store, &owner).await?.filter(lock::Seen::is_held) else {
            console.ui.out.line(&format!("Nobody holds the lock of {owner}."));
            return Ok(Exit::Done);
        };
        let age = seen.age.as_secs();
        console.ui.err.line(&format!("{owner} is locked by {}, last sign of life {age} s ago.", seen.holder()));
        let question = "Take the lock away? That run starts nothing more.";
        // Nothing listens to signals here: Ctrl-C ends the process.
        if !args.auto_approve && !console.ask(question, "yes", &CancellationToken::new()).await? {
            return Ok(Exit::Failed);
        }
        lock::unlock(&*store, &owner, &seen, holder(&context.nonce)).await?;
        console.ui.out.line(&format!("{owner} is no longer locked."));
        Ok(Exit::Done)
    })
}
