//! The reference pages and the schema for editors: committed, complete, and true to the tables.

mod create_only;
mod draft7;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clefctl::aws::{Access, Connection};
use clefctl::examples::example;
use clefctl_core::generate::{pages, schema};
use clefctl_core::kind::{Absent, Block, Registry, Type};
use serde_json::Value as Json;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn registry() -> Registry {
    let aws = Connection::new(Access::default());
    Registry::new(clefctl::resources::all(&aws), clefctl::lookups::all(&aws))
}

/// The files that the tables make, by path below `docs/`.
fn made() -> BTreeMap<String, String> {
    let registry = registry();
    let pages = pages::all(&registry, &example).into_iter();
    let pages = pages.map(|page| (format!("reference/{}", page.path), page.text));
    pages.chain([("schema.json".to_owned(), format!("{:#}\n", schema::schema(&registry)))]).collect()
}

/// The files that are committed.
fn committed() -> BTreeMap<String, String> {
    let docs = root().join("docs");
    let mut found = BTreeMap::new();
    for folder in ["reference", "reference/kinds", "reference/lookups"] {
        for entry in fs::read_dir(docs.join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(&docs).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found.extend(fs::read_to_string(docs.join("schema.json")).ok().map(|text| ("schema.json".to_owned(), text)));
    found
}

#[test]
fn pages_and_schema_are_those_that_the_tables_make() {
    let (made, committed) = (made(), committed());
    let docs = root().join("docs");
    if std::env::var_os("UPDATE").is_some() {
        for name in committed.keys().filter(|name| !made.contains_key(*name)) {
            fs::remove_file(docs.join(name)).unwrap();
        }
        for (name, text) in &made {
            let path = docs.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        return;
    }
    let names = made.keys().chain(committed.keys());
    let mut stale: Vec<&String> = names.filter(|name| made.get(*name) != committed.get(*name)).collect();
    stale.sort();
    stale.dedup();
    assert!(
        stale.is_empty(),
        "these files below docs/ are not what the tables say: {stale:?}\n\
         run `UPDATE=1 cargo test --test it reference` and commit what it writes"
    );
}

#[test]
fn every_page_has_an_example_that_shows_it() {
    let registry = registry();
    let kinds = registry.kinds().map(|kind| (kind.facts().name.to_owned(), kind.facts().name));
    let lookups = registry.lookups().map(|lookup| (format!("lookups/{}", lookup.facts().name), lookup.facts().name));
    for (path, name) in kinds.chain(lookups) {
        let text = example(&path).unwrap_or_else(|| panic!("write examples/{path}.yaml: its page shows it"));
        let said = [format!("kind: {name}\n"), format!("kind: {name},"), format!("kind: {name}}}")];
        assert!(said.iter().any(|words| text.contains(words)), "examples/{path}.yaml has no `kind: {name}`");
        assert!(text.starts_with("# "), "examples/{path}.yaml does not begin with a comment that says what it is");
    }
}

/// What AWS chooses in a table and in the blocks inside it; names are clefctl's choice.
fn chosen(block: &Block) -> usize {
    fn inside(ty: &Type) -> usize {
        match ty {
            Type::Block(block) => chosen(block),
            Type::List(item) | Type::Set(item) | Type::Map(item) => inside(item),
            _ => 0,
        }
    }
    let one = |attribute: &clefctl_core::kind::Attribute| {
        usize::from(matches!(attribute.absent, Absent::Aws(_)) && !matches!(attribute.ty, Type::Name))
            + inside(&attribute.ty)
    };
    block.attributes.iter().map(one).sum()
}

#[test]
fn every_page_of_a_kind_says_how_much_aws_chooses() {
    let made = made();
    for kind in registry().kinds() {
        let facts = kind.facts();
        let page = &made[&format!("reference/kinds/{}.md", facts.name)];
        let n = chosen(facts.declared);
        let words = format!("\nAWS chooses {n} argument{}", if n == 1 { " " } else { "s" });
        assert!(page.contains(&words), "the page of {} does not say `{}`", facts.name, words.trim());
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let made = made();
    let link = regex::Regex::new(r"\]\(([^)#]+\.md)(#[^)]*)?\)").unwrap();
    for (name, text) in
        made.iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|extension| extension == "md"))
    {
        let folder = root().join("docs").join(name).parent().unwrap().to_owned();
        for found in link.captures_iter(text) {
            let path = folder.join(&found[1]);
            let below = path.strip_prefix(root().join("docs")).unwrap().to_str().unwrap();
            let page = made.keys().any(|other| Path::new(other) == Path::new(below));
            assert!(page || path.exists(), "{name} links to {}, which is not there", &found[1]);
        }
    }
}

fn yaml(path: &Path) -> Json {
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    files
}

#[test]
fn the_schema_takes_every_stack_that_there_is() {
    let schema = schema::schema(&registry());
    let folders = ["examples", "examples/lookups", "stacks/clefcloud", "stacks/empty"];
    let files: Vec<_> = folders.iter().flat_map(|folder| yaml_files(&root().join(folder))).collect();
    assert!(files.len() > 30);
    for path in files {
        let problems = draft7::problems(&schema, &yaml(&path));
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
    }
}

#[test]
fn the_schema_takes_what_the_language_takes_and_no_more() {
    let schema = schema::schema(&registry());
    let check = |text: &str| draft7::problems(&schema, &serde_saphyr::from_str::<Json>(text).unwrap());
    let vpc = |rest: &str| format!("stack: a\nresources:\n  vpc: {{kind: vpc, {rest}}}\n");
    for good in [
        "cidr_block: '${var.network}'",
        "cidr_block: 10.0.0.0/16, enable_dns_support: \"true\", tags: {a: 1, b: '${env}'}",
        "cidr_block: 10.0.0.0/16, instance_tenancy: '%{ if var.x }dedicated%{ else }default%{ endif }'",
        "for_each: {a: 1}, when: '${var.x}', depends_on: [other], timeouts: {create: 1h30m}",
        "lifecycle: {prevent_destroy: '${env == \"prod\"}', ignore_changes: all, retain: true}",
        "region: us-east-1, role_arn: null",
    ] {
        assert_eq!(check(&vpc(good)), Vec::<String>::new(), "{good}");
    }
    for (bad, place) in [
        ("cidr_blok: 10.0.0.0/16", "/resources/vpc"),
        ("cidr_block: 10.0.0.1", "/resources/vpc/cidr_block"),
        ("instance_tenancy: host", "/resources/vpc/instance_tenancy"),
        ("enable_dns_support: \"yes\"", "/resources/vpc/enable_dns_support"),
        ("timeouts: {created: 1h}", "/resources/vpc/timeouts"),
        ("lifecycle: {prevent_destroy: [1]}", "/resources/vpc/lifecycle/prevent_destroy"),
        ("tags: [a]", "/resources/vpc/tags"),
    ] {
        let problems = check(&vpc(bad));
        assert!(problems.iter().any(|problem| problem.starts_with(&format!("{place}:"))), "{bad}: {problems:?}");
    }
    for bad in
        ["stak: a", "stack: A", "resources: {Vpc: {kind: vpc}}", "resources: {a: {kind: nothing}}", "lookups: {a: {}}"]
    {
        assert!(!check(bad).is_empty(), "{bad}");
    }
}

#[test]
fn examples_of_lookups_apply_in_the_sandbox() {
    for path in yaml_files(&root().join("examples/lookups")) {
        let folder = tempfile::tempdir().unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_clefctl"))
            .args(["apply", path.to_str().unwrap(), "--sandbox", "--sandbox-speed", "100000", "--auto-approve"])
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{}: {said}", path.display());
    }
}
