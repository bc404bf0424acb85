//! Sets: lists that are sorted and have no duplicates.

use super::super::convert::set;
use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("setintersection", "set, more...", Gives::List, Run::Deep(setintersection)),
    Function::new("setproduct", "list, more...", Gives::List, Run::Shallow(setproduct)),
    Function::new("setsubtract", "set, without", Gives::List, Run::Deep(setsubtract)),
    Function::new("setunion", "set, more...", Gives::List, Run::Deep(setunion)),
];

fn setintersection(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut items = arguments.list(0)?.to_vec();
    for at in 1..arguments.len() {
        let other = arguments.list(at)?;
        items.retain(|item| other.contains(item));
    }
    Ok(set(items))
}

fn setsubtract(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let without = arguments.list(1)?;
    Ok(set(arguments.list(0)?.iter().filter(|item| !without.contains(item)).cloned()))
}

fn setunion(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut items = Vec::new();
    for at in 0..arguments.len() {
        items.extend_from_slice(arguments.list(at)?);
    }
    Ok(set(items))
}

/// The most combinations that are made.
const MOST: usize = 100_000;

fn setproduct(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    if arguments.len() < 2 {
        return Err("at least two lists are needed".into());
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..arguments.len() {
        let list = arguments.list(at)?;
        if rows.len().saturating_mul(list.len()) > MOST {
            return Err(format!("there are more than {MOST} combinations").into());
        }
        rows =
            rows.iter().flat_map(|row| list.iter().map(|item| row.iter().chain([item]).cloned().collect())).collect();
    }
    Ok(Value::list(rows.into_iter().map(Value::list)))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn sets_are_sorted_and_without_duplicates() {
        check(&[
            (r#"setintersection(["a", "b"], ["b", "c"], ["b", "d"])"#, r#"["b"]"#),
            (r#"setsubtract(["c", "a", "b", "a"], ["b"])"#, r#"["a", "c"]"#),
            (r#"setunion(["a", "b"], ["b", "c"], ["d"])"#, r#"["a", "b", "c", "d"]"#),
            ("setunion([3], [1, 3])", "[1, 3]"),
            (
                r#"setproduct(["dev", "prod"], ["app1", "app2"])"#,
                r#"[["dev", "app1"], ["dev", "app2"], ["prod", "app1"], ["prod", "app2"]]"#,
            ),
            (r#"setproduct(["a"], [])"#, "[]"),
            (r#"setproduct(["a"])"#, "error: `setproduct`: at least two lists are needed"),
            ("setproduct(range(1000), range(1000))", "error: `setproduct`: there are more than 100000 combinations"),
            (r#"setproduct(["a"], [vpc.id])"#, r#"[["a", (known after apply)]]"#),
            ("setunion([vpc.id], [])", "(known after apply)"),
        ]);
    }
}
