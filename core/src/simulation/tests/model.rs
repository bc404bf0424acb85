//! Random operations against a model of a few lines: the laws of create, read, update and delete.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

#[derive(Clone, Debug)]
enum Op {
    CreateVpc(u8),
    UpdateVpc(u8, bool),
    CreateSubnet(u8, u8),
    DeleteVpc(u8),
    DeleteSubnet(u8),
    DriftVpc(u8, bool),
    Forget,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let slot = 0_u8..3;
    let op = prop_oneof![
        3 => slot.clone().prop_map(Op::CreateVpc),
        2 => (slot.clone(), any::<bool>()).prop_map(|(v, on)| Op::UpdateVpc(v, on)),
        3 => (slot.clone(), slot.clone()).prop_map(|(s, v)| Op::CreateSubnet(s, v)),
        2 => slot.clone().prop_map(Op::DeleteVpc),
        2 => slot.clone().prop_map(Op::DeleteSubnet),
        1 => (slot, any::<bool>()).prop_map(|(v, on)| Op::DriftVpc(v, on)),
        1 => Just(Op::Forget),
    ];
    prop::collection::vec(op, 1..40)
}

/// What should live: of networks whether names are on, of their parts in which network they are.
#[derive(Default)]
struct Model {
    vpcs: BTreeMap<u8, (Observed, bool)>,
    subnets: BTreeMap<u8, (Observed, u8)>,
}

async fn run(ops: Vec<Op>, folder: &std::path::Path) -> Result<(), TestCaseError> {
    let open = || {
        let options = Options { folder: Some(folder.to_owned()), ..Options::default() };
        Simulation::open(&crate::simulation::fixture::registry(), options).unwrap()
    };
    let mut account = open();
    let mut model = Model::default();
    let vpc_of = |on: bool| format!(r#"{{"cidr_block": "10.0.0.0/16", "enable_dns_hostnames": {on}}}"#);
    for op in ops {
        match op {
            Op::CreateVpc(v) if !model.vpcs.contains_key(&v) => {
                let made = create(&account, "vpc", &format!("v{v}"), &vpc_of(false)).await.unwrap();
                model.vpcs.insert(v, (made, false));
            }
            Op::UpdateVpc(v, on) => {
                if let Some((vpc, _)) = model.vpcs.get(&v) {
                    let vpc = update(&account, vpc, &format!("v{v}"), &vpc_of(on)).await.unwrap();
                    model.vpcs.insert(v, (vpc, on));
                }
            }
            Op::DriftVpc(v, on) => {
                if let Some((vpc, names)) = model.vpcs.get_mut(&v) {
                    account.drift("vpc", &vpc.id, "enable_dns_hostnames", &Value::Bool(on)).unwrap();
                    *names = on;
                }
            }
            Op::CreateSubnet(s, v) if !model.subnets.contains_key(&s) => {
                let id = model.vpcs.get(&v).map_or("vpc-none", |(vpc, _)| vpc.id.as_str());
                let at = format!(r#"{{"vpc_id": "{id}", "cidr_block": "10.0.{s}.0/24"}}"#);
                match create(&account, "subnet", &format!("s{s}"), &at).await {
                    Ok(made) => {
                        prop_assert!(model.vpcs.contains_key(&v));
                        model.subnets.insert(s, (made, v));
                    }
                    Err(error) => prop_assert!(!model.vpcs.contains_key(&v) && error.code() == Some("NotFound")),
                }
            }
            Op::DeleteVpc(v) => {
                if let Some((vpc, _)) = model.vpcs.get(&v) {
                    let used = model.subnets.values().any(|(_, of)| *of == v);
                    match delete(&account, vpc).await {
                        Ok(()) => prop_assert!(!used),
                        Err(error) => prop_assert!(used && error.kind == ErrorKind::Blocked),
                    }
                    if !used {
                        model.vpcs.remove(&v);
                    }
                }
            }
            Op::DeleteSubnet(s) => {
                if let Some((subnet, _)) = model.subnets.remove(&s) {
                    delete(&account, &subnet).await.unwrap();
                    delete(&account, &subnet).await.unwrap();
                }
            }
            Op::Forget => {
                account = open();
                // It wakes at the time of its last change, when what was just made was still young.
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            }
            Op::CreateVpc(_) | Op::CreateSubnet(..) => {}
        }
        let vpcs = owned(&account, "vpc").await;
        let mut want: Vec<_> = model.vpcs.values().map(|(vpc, on)| (vpc.id.clone(), *on)).collect();
        want.sort();
        let names = |vpc: &Observed| truth(vpc.get("enable_dns_hostnames"));
        prop_assert_eq!(vpcs.iter().map(|vpc| (vpc.id.clone(), names(vpc))).collect::<Vec<_>>(), want);
        let mut subnets: Vec<_> = model.subnets.values().map(|(subnet, _)| subnet.clone()).collect();
        subnets.sort_by(|a, b| a.id.cmp(&b.id));
        prop_assert_eq!(owned(&account, "subnet").await, subnets);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_account_does_what_the_model_says(ops in ops()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        runtime.block_on(run(ops, folder.path()))?;
    }
}
