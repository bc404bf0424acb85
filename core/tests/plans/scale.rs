//! Large stacks: the work grows with resources and edges, not faster.

use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use crate::cases::Case;

/// Chains, fans and one shared root: `n` resources and what lives of them, with every tenth one to be changed.
pub(crate) fn stack(n: usize) -> (String, String) {
    let mut stack =
        "stack: web\nregion: eu-west-3\nresources:\n  root: {kind: vpc, cidr_block: 10.0.0.0/16}\n".to_owned();
    let mut live =
        "things:\n  - {kind: vpc, id: vpc-0, address: root, attributes: {cidr_block: 10.0.0.0/16}}\n".to_owned();
    for i in 1..n {
        let (before, days) = (i - 1, if i % 10 == 0 { 7 } else { 30 });
        match i % 4 {
            // A chain through the whole stack.
            0 | 1 if i > 4 => {
                let link = if before % 4 == 0 { before } else { i - 4 + (4 - i % 4) % 4 };
                let _ = writeln!(
                    stack,
                    "  r{i}: {{kind: log_group, name: 'r{i}', retention_in_days: 30, depends_on: [r{link}]}}"
                );
                let _ = writeln!(
                    live,
                    "  - {{kind: log_group, id: r{i}, address: r{i}, attributes: {{name: r{i}, retention_in_days: {days}}}}}"
                );
            }
            // A fan below the root.
            2 => {
                let _ = writeln!(stack, "  r{i}: {{kind: security_group, vpc_id: '${{root.id}}'}}");
                let _ = writeln!(
                    live,
                    "  - {{kind: security_group, id: sg-{i}, address: r{i}, attributes: {{name: web-default-r{i}, vpc_id: vpc-0}}}}"
                );
            }
            // What names its neighbour.
            3 => {
                let _ = writeln!(
                    stack,
                    "  r{i}: {{kind: launch_template, image_id: ami-1, vpc_security_group_ids: ['${{r{before}.id}}']}}"
                );
                let _ = writeln!(
                    live,
                    "  - {{kind: launch_template, id: lt-{i}, address: r{i}, attributes: {{name: web-default-r{i}, image_id: ami-{}, vpc_security_group_ids: [sg-{before}]}}, outputs: {{latest_version: 1}}}}",
                    1 + usize::from(i % 10 == 0)
                );
            }
            _ => {
                let _ = writeln!(stack, "  r{i}: {{kind: log_group, name: 'r{i}'}}");
                let _ = writeln!(live, "  - {{kind: log_group, id: r{i}, address: r{i}, attributes: {{name: r{i}}}}}");
            }
        }
    }
    (stack, live)
}

fn case(n: usize) -> Case {
    let (stack, live) = stack(n);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    fs::write(&file, stack).unwrap();
    Case::read(&file, &live).map_err(|(problems, _)| problems).unwrap()
}

/// The best of three.
fn time(case: &Case) -> Duration {
    let once = || {
        let begun = Instant::now();
        let planned = case.plan().unwrap();
        assert!(!planned.plan.is_empty());
        begun.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap()
}

/// Four times the resources take about four times as long. The bound leaves room for a busy machine; quadratic work
/// would take sixteen times as long.
#[test]
fn planning_is_linear() {
    let (mut small, mut large) = (case(1_000), case(4_000));
    for destroy in [false, true] {
        (small.options.destroy, large.options.destroy) = (destroy, destroy);
        let (few, many) = (time(&small), time(&large));
        assert!(many < few * 9, "destroy: {destroy}; 1,000 resources: {few:?}, 4,000: {many:?}");
    }
}
