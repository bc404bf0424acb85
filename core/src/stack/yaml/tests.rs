use std::fmt::Write;
use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn parse_text(text: &str) -> (Option<Node>, Vec<Problem>) {
    parse(FileId(0), text)
}

/// The tree on one line, for tables.
fn brief(node: &Node) -> String {
    match &node.value {
        NodeValue::Broken => "broken".into(),
        NodeValue::Null => "null".into(),
        NodeValue::Bool(b) => b.to_string(),
        NodeValue::Number(n) => format!("#{n}"),
        NodeValue::Text(t) => format!("{:?}", t.content),
        NodeValue::List(items) => format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(" ")),
        NodeValue::Map(entries) => {
            let mut out = "{".to_owned();
            for (i, entry) in entries.iter().enumerate() {
                let _ = write!(out, "{}{}={}", if i == 0 { "" } else { " " }, entry.key.content, brief(&entry.value));
            }
            out + "}"
        }
    }
}

#[test]
fn documents_are_read_strictly() {
    for (text, want) in [
        ("a: yes\non: 012\nb: true", r#"{a="yes" on=#012 b=true}"#),
        ("a: 15.10\nb: 012345678901\nc: ~\nd:", "{a=#15.10 b=#012345678901 c=null d=null}"),
        ("a: !!str 15\nb: ! 15\nc: 0x1F", r#"{a="15" b="15" c="0x1F"}"#),
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", "{x={a=#1 b=#2} y={b=#3 a=#1}}"),
        ("x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny: {<<: [*x, *z]}", "{x={a=#1} z={a=#2 c=#3} y={a=#1 c=#3}}"),
        ("a: ${x.y[\"b\"]}\nb: >-\n  one\n  two\nc: |\n  x\n", r#"{a="${x.y[\"b\"]}" b="one two" c="x\n"}"#),
        ("1: a\ntrue: b\nnull: c", r#"{1="a" true="b" null="c"}"#),
        ("- a\n- [b, c]", r#"["a" ["b" "c"]]"#),
    ] {
        let (node, problems) = parse_text(text);
        assert_eq!(problems, [], "{text}");
        assert_eq!(brief(&node.expect("a document")), want, "{text}");
    }
}

#[test]
fn every_byte_of_a_template_is_found_in_the_file() {
    for text in [
        "a: x ${vpc.id} y", "a: 'it''s ${vpc.id}'", "a: \"x\\ty \\u00e9 ${vpc.id}\"",
        "a: |\n    one\n      two ${vpc.id}\n", "a: >\n  one\n  two\n\n  three ${vpc.id}\n", "a: one\n  two ${vpc.id}",
        "a: \"one\n   two \\\n   ${vpc.id}\"", "a: {b: '${vpc.id}'}",
    ] {
        let (node, problems) = parse_text(text);
        assert_eq!(problems, [], "{text}");
        let node = node.expect("a document");
        let value = node.get("a").and_then(|a| a.get("b").or(Some(a))).expect("an entry");
        let NodeValue::Text(found) = &value.value else { panic!("{text}") };
        let at = found.content.find("vpc.id").expect("the reference");
        let span = found.place.at(at..at + 6);
        assert_eq!(&text[span.start as usize..span.end as usize], "vpc.id", "{text}");
    }
}

#[test]
fn collections_end_with_their_last_entry() {
    let text = "a:\n  b: 1\n  c: [1, 2]\n\n# end\nd: 2\n";
    let (node, _) = parse_text(text);
    let node = node.expect("a document");
    let span = node.get("a").expect("an entry").span;
    assert_eq!(&text[span.start as usize..span.end as usize], "b: 1\n  c: [1, 2]");
}

#[test]
fn hostile_documents_end_in_an_error_soon() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..30 {
        let _ = writeln!(laughs, "a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]", i - 1);
    }
    let flow = "[".repeat(10_000);
    let block: String = (0..10_000).fold(String::new(), |s, _| s + "- ");
    let deep: String = (0..10_000).flat_map(|i| [" ".repeat(i % 3000), "a:\n".to_owned()]).collect();
    let wide = "- x\n".repeat(310_000);
    let own = "a: &a [*a]".to_owned();
    let anchors = "- &a x\n".repeat(100_000) + "- *b";
    for (name, text) in [
        ("laughs", laughs),
        ("flow", flow),
        ("block", block),
        ("deep", deep),
        ("wide", wide),
        ("own", own),
        ("anchors", anchors),
    ] {
        let start = Instant::now();
        let (_, problems) = parse_text(&text);
        assert!(problems.iter().any(Problem::is_error), "{name}");
        // A second where optimized; unoptimized on a busy machine takes longer.
        let patience = if cfg!(debug_assertions) { 30 } else { 1 };
        assert!(start.elapsed().as_secs() < patience, "{name} took {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-a-c:${}\\[\\],#&*!|>'\"%@ \\n\\té]{0,60}") {
        let _ = parse_text(&text);
    }

    #[test]
    fn texts_come_back_as_they_are(text in "[ -~é\\n]{0,40}") {
        let source = format!("a: {}", serde_json::Value::from(text.as_str()));
        let (node, problems) = parse_text(&source);
        prop_assert_eq!(problems, vec![]);
        let node = node.expect("a document");
        let NodeValue::Text(found) = &node.get("a").expect("an entry").value else { panic!("no text") };
        prop_assert_eq!(&*found.content, text);
    }
}
