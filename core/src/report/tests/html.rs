//! The plan as a page.

use super::sample;
use crate::engine::plan::{Action, Plan, Reason};
use crate::report::html;

#[test]
fn a_rich_plan_as_a_page() {
    let (plan, sources) = sample::plan();
    let text = html(&plan, sample::view(&sources));
    let (_, body) = text.split_once("</head>").unwrap();
    insta::assert_snapshot!(body);
}

#[test]
fn a_page_is_whole_without_anything_from_elsewhere() {
    let (plan, sources) = sample::plan();
    let text = html(&plan, sample::view(&sources));
    for word in ["<script", "<link", "<img", "src=", "href=\"http", "url(", "@import", "onclick", "style=\""] {
        assert!(!text.contains(word), "{word}");
    }
    for tag in ["details", "summary", "section", "ul", "li", "pre", "p", "span", "table", "tr", "td", "nav", "header"] {
        let opened = text.matches(&format!("<{tag}>")).count() + text.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, text.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn hostile_text_stays_text_on_a_page() {
    let (_, sources) = sample::plan();
    let mut change = sample::change("x", "vpc", Action::Create, Reason::New);
    change.attributes = vec![sample::new("text", "</pre><script>alert('\"')</script>\u{202e}")];
    change.notes = vec!["<b>&".to_owned()];
    let plan = Plan { changes: vec![change], ..sample::plan().0 };
    let text = html(&plan, sample::view(&sources));
    assert!(!text.contains("<script") && !text.contains("<b>&") && !text.contains('\u{202e}'));
    assert!(text.contains("&lt;script&gt;alert(&#39;"));
}
