//! References: that all are found, and what is told of them.

use super::super::{Place, Template};
use super::*;
use crate::error::FileId;

/// Each reference as text; `?` behind it where it is guarded, and the conditions it is asked for under.
fn references(text: &str) -> Vec<String> {
    let template = Template::parse(text, &Place::verbatim(FileId(0), 0, text.len())).unwrap();
    let source = |span: Span| &text[span.start as usize..span.end as usize];
    template
        .references()
        .iter()
        .map(|reference| {
            let steps: String = reference
                .steps
                .iter()
                .map(|step| match &step.kind {
                    ReferenceKind::Key(key) => key.to_string(),
                    ReferenceKind::Computed(expression) => format!("[={}]", source(expression.span())),
                    ReferenceKind::Any => "[any]".to_owned(),
                })
                .collect();
            let guard = if reference.guarded { "?" } else { "" };
            let mut words = vec![format!("{}{steps}{guard}", reference.root)];
            let conditions = reference.conditions.iter();
            words.extend(
                conditions.map(|(test, holds)| format!("{}{}", if *holds { "+" } else { "-" }, source(test.span()))),
            );
            words.join(" ")
        })
        .collect()
}

#[test]
fn every_name_is_found_with_its_steps() {
    for (text, want) in [
        ("text $${vpc.id}", vec![]),
        ("${vpc.id}", vec!["vpc.id"]),
        ("a ${vpc.id} ${var.x[0].y}", vec!["vpc.id", "var.x[0].y"]),
        ("${public[\"a\"].id}", vec!["public.a.id"]),
        ("${public[\"a b\"].id}", vec!["public[\"a b\"].id"]),
        ("${public[each.key].id}", vec!["public[=each.key].id", "each.key"]),
        ("${public[*].id}", vec!["public[*].id?"]),
        ("${[for k in var.keys : public[k].id]}", vec!["var.keys", "public[any].id"]),
        ("${[for s in public : s.id if s.x]}", vec!["public"]),
        ("${{for k, v in var.m : k => db[v.x].y...}}", vec!["var.m", "db[any].y"]),
        ("${\"a${\"b${vpc.id}\"}\"}", vec!["vpc.id"]),
        ("${upper({a = [vpc.id], (var.k) = -var.n})}", vec!["vpc.id", "var.k", "var.n"]),
        ("%{ if var.on }${a.id}%{ else }${b.id}%{ endif }", vec!["var.on", "a.id +var.on", "b.id -var.on"]),
        ("%{ for x in list.items }${x.y}${z.id}%{ endfor }", vec!["list.items", "z.id"]),
        ("${merge(a.b, c.d).e}", vec!["a.b", "c.d"]),
        ("${<<EOT\n${vpc.id}\nEOT\n}", vec!["vpc.id"]),
    ] {
        assert_eq!(references(text), want, "{text}");
    }
}

#[test]
fn what_an_expression_can_do_without_is_guarded() {
    for (text, want) in [
        ("${try(replica.endpoint, db.endpoint)}", vec!["replica.endpoint?", "db.endpoint?"]),
        ("${can(replica.endpoint) ? 1 : 2}", vec!["replica.endpoint?"]),
        ("${replica == null}", vec!["replica?"]),
        (
            "${replica == null ? db.x : replica.x}",
            vec!["replica?", "db.x +replica == null", "replica.x? -replica == null"],
        ),
        (
            "${replica != null && var.on ? replica.x : replica.y}",
            vec![
                "replica?", "var.on +replica != null", "replica.x? +replica != null && var.on",
                "replica.y -replica != null && var.on",
            ],
        ),
        ("${replica != null && replica.x == 1}", vec!["replica?", "replica.x? +replica != null"]),
        ("${!(replica == null) ? replica.x : 1}", vec!["replica?", "replica.x? +!(replica == null)"]),
        ("${replica == null || replica.x == 1}", vec!["replica?", "replica.x? -replica == null"]),
        ("${one(replica[*].x)}", vec!["replica[*].x?"]),
        ("${var.on ? replica.x : null}", vec!["var.on", "replica.x +var.on"]),
    ] {
        assert_eq!(references(text), want, "{text}");
    }
}

#[test]
fn conditions_compare_by_what_they_say() {
    let one = Template::parse("${ var.on }", &Place::default()).unwrap();
    let other = Template::parse("x ${var.on ? a.b : 1}", &Place::default()).unwrap();
    let conditions = &other.references()[1].conditions;
    assert_eq!(Some(&conditions[0].0), one.expression());
}
