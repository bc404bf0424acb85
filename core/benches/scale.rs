//! Whole runs of the engine at 100, 1,000 and 5,000 simulated resources: CPU time, memory, API calls.
//!
//! `cargo bench -p clefctl-core --bench scale`. Each line is measured in a process of its own, so that its memory is its
//! own. Compare lines of one run with each other; what one machine takes says little about another.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use clefctl_core::engine::apply::{self, Interrupt, Run};
use clefctl_core::engine::known::Known;
use clefctl_core::engine::planned::Planned;
use clefctl_core::engine::survey::{Scope, survey};
use clefctl_core::engine::{self, Options};
use clefctl_core::kind::{Account, Actions, Attributes, Cidr, Context, Desired, Facts, Registry};
use clefctl_core::simulation::scale::{self, Form};
use clefctl_core::simulation::{self, Simulation};
use clefctl_core::stack::{self, Inputs};
use tokio_util::sync::CancellationToken;

#[path = "../tests/tables/mod.rs"]
mod tables;
use tables::Tables;

/// A network, as far as the simulated account must know it.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Vpc {
    /// Its network.
    #[attr(create_only)]
    cidr_block: Cidr,
    /// Whether DNS answers inside.
    #[attr(default = true)]
    enable_dns_support: bool,
}

/// What it tells others.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Outputs {
    /// Its id.
    #[attr(looks_like = "vpc-{hex:17}")]
    id: String,
}

/// Its calls are made by the simulated account itself.
const VPC: Facts = Facts {
    name: "vpc",
    service: "ec2",
    declared: &Vpc::BLOCK,
    outputs: &Outputs::BLOCK,
    actions: Actions { read: &["ec2:DescribeVpcs"], create: &["ec2:CreateVpc"], update: &[], delete: &[] },
    ..Facts::REGIONAL
};

const FORMS: [(&str, Form); 3] = [("one root", Form::Root), ("chains", Form::Chains(50)), ("fan", Form::Fan(10))];
const SIZES: [usize; 3] = [100, 1_000, 5_000];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, form, size] = arguments.as_slice()
        && let (Some((name, form)), Ok(size)) = (FORMS.iter().find(|(name, _)| name == form), size.parse())
    {
        return measure(name, *form, size);
    }
    println!(
        "| form | resources | first plan, CPU | apply, CPU | plan with nothing to do, CPU | memory | calls of a plan |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, _) in FORMS {
        for size in SIZES {
            let this = std::env::current_exe().expect("this program has a path");
            let done = Command::new(this).args([name, &size.to_string()]).status();
            assert!(done.is_ok_and(|status| status.success()), "{name} {size}");
        }
    }
}

fn measure(name: &str, form: Form, size: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stack.yaml");
    std::fs::write(&path, scale::stack(form, size)).expect("a stack");
    let registry = tables::registry(Tables::all([VPC]), []);
    // Time is virtual: what is left is what the engine itself takes.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let account = Simulation::open(&registry, simulation::Options::default()).expect("an account");
        let begun = cpu();
        let planned = plan(&path, &registry, &account).await;
        let first = cpu().saturating_sub(begun);
        assert_eq!(planned.plan.changes.len(), size);
        let begun = cpu();
        let run = Run {
            account: &account,
            nonce: "bench".into(),
            parallelism: None,
            careful: false,
            lease: None,
            interrupt: Interrupt::default(),
            events: Arc::new(|_| {}),
        };
        let report = apply::apply(&planned, &run).await;
        assert!(report.succeeded());
        let applied = cpu().saturating_sub(begun);
        drop(planned);
        let before: u64 = account.calls().values().sum();
        let begun = cpu();
        let planned = plan(&path, &registry, &account).await;
        let nothing = cpu().saturating_sub(begun);
        assert!(planned.plan.is_empty());
        let calls = account.calls().values().sum::<u64>() - before;
        println!(
            "| {name} | {size} | {first:.2?} | {applied:.2?} | {nothing:.2?} | {} MB | {calls} |",
            peak_memory() / 1024
        );
    });
}

/// A plan from the file on.
async fn plan(path: &std::path::Path, registry: &Registry, account: &Simulation) -> Planned {
    let file = stack::load(path).file.expect("a stack");
    let inputs = Inputs::default();
    assert!(file.check(registry, &inputs).iter().all(|problem| !problem.is_error()));
    let prepared = file.prepare(registry, &inputs).unwrap_or_else(|problems| panic!("{problems:?}"));
    let cx = Context {
        owner: prepared.owner().clone(),
        account: "123456789012".into(),
        region: prepared.region().into(),
        role_arn: None,
        nonce: "bench".into(),
        deadline: tokio::time::Instant::now() + Duration::from_hours(1),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        careful: false,
        together: None,
    };
    let known = Known::new("123456789012");
    let desired: Arc<dyn Desired> = Arc::new(prepared.expand(&known).unwrap_or_else(|p| panic!("{p:?}")));
    let options = Options::default();
    let inventory = survey(account, &*desired, &options, Scope::default(), &cx).await.expect("an inventory");
    engine::planner::plan(&desired, &inventory, registry, &options).unwrap_or_else(|p| panic!("{p:?}"))
}

/// CPU time of this process so far, from Linux's accounts (a hundredth of a second each).
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.get(11..13).unwrap_or_default().iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that this process had, in KiB.
fn peak_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
