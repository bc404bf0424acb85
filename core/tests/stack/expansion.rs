//! What good stacks expand to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clefctl_core::kind::{Address, Map, Target, Value, World};
use clefctl_core::stack::{Inputs, Loaded, Stack, load};
use proptest::prelude::*;

use crate::bad::render;
use crate::kinds::registry;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks/good/example.yaml")
}

/// Reads a text as a stack.
fn read(text: &str) -> Loaded {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stack.yaml");
    fs::write(&path, text).expect("a file");
    load(&path)
}

/// What a test knows of the world.
#[derive(Default)]
struct Known {
    instances: BTreeMap<Address, Value>,
    lookups: BTreeMap<String, Value>,
}

impl Known {
    fn zones() -> Self {
        let names = Value::list(["eu-west-3a", "eu-west-3b", "eu-west-3c"].map(Value::from));
        let lookups =
            [("azs", Value::map([("names", names)])), ("ubuntu", Value::map([("value", Value::from("ami-1"))]))];
        Self { lookups: lookups.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), ..Self::default() }
    }
}

impl World for Known {
    fn instance(&self, address: &Address) -> Option<Value> {
        self.instances.get(address).cloned()
    }

    fn lookup(&self, name: &str) -> Option<Value> {
        self.lookups.get(name).cloned()
    }

    fn account_id(&self) -> Option<String> {
        None
    }
}

fn inputs(env: &str) -> Inputs {
    Inputs { env: Some(env.to_owned()), vars: vec![("db_password".into(), "hunter2".into())], ..Inputs::default() }
}

fn expand(loaded: &Loaded, inputs: &Inputs, world: &dyn World) -> Stack {
    let file = loaded.file.as_ref().expect("a stack");
    match file.expand(&registry(), inputs, world) {
        Ok(stack) => stack,
        Err(problems) => panic!("{}", render(&problems, &loaded.sources, Path::new("/"))),
    }
}

/// Everything that a stack says, as text.
fn describe(stack: &Stack, world: &dyn World) -> String {
    let mut out = String::new();
    let _ =
        writeln!(out, "{} in {} of {:?}, ignoring {:?}", stack.owner, stack.region, stack.account, stack.ignore_tags);
    for instance in stack.instances.values() {
        let _ = writeln!(out, "\n{} ({}, {})", instance.address, instance.kind, instance.region);
        for (name, value) in stack.evaluate(instance, world).expect("attributes") {
            let _ = writeln!(out, "  {name}: {value}");
        }
        let _ = writeln!(out, "  tags: {:?}", stack.tags(instance, world).expect("tags"));
        if let Some(triggers) = stack.triggers(instance, world).expect("triggers") {
            let _ = writeln!(out, "  triggers: {triggers}");
        }
        if instance.lifecycle != clefctl_core::kind::Lifecycle::default() {
            let _ = writeln!(out, "  {:?}", instance.lifecycle);
        }
        if instance.timeouts != clefctl_core::kind::Timeouts::default() {
            let _ = writeln!(out, "  {:?}", instance.timeouts);
        }
        for reference in &instance.references {
            let to = match &reference.to {
                Target::Instance(address) => address.to_string(),
                Target::Lookup(name) => format!("lookup.{name}"),
            };
            let settled = if reference.settled_from { ", settled" } else { "" };
            let attribute = reference.attribute.as_deref().map(|name| format!(".{name}")).unwrap_or_default();
            let _ = writeln!(out, "  -> {to}{attribute} from {}{settled}", reference.from);
        }
    }
    for lookup in stack.lookups.values() {
        let arguments = stack.evaluate_lookup(&lookup.name, world).expect("arguments");
        let _ = writeln!(
            out,
            "\nlookup.{}: early {}, needed {}, optional {}: {arguments:?}",
            lookup.name, lookup.early, lookup.needed, lookup.optional
        );
    }
    for output in &stack.outputs {
        let _ = writeln!(out, "\noutput {}: {}", output.name, stack.evaluate_output(output, world).expect("a value"));
    }
    for moved in &stack.moved {
        let _ = writeln!(out, "\nmoved {} -> {}", moved.from, moved.to);
    }
    out
}

#[test]
fn the_example_expands_to_what_is_written_beside_it() {
    let loaded = load(&example());
    assert_eq!(render(&loaded.problems, &loaded.sources, Path::new("/")), "");
    let world = Known::zones();
    for env in ["dev", "prod"] {
        let found = describe(&expand(&loaded, &inputs(env), &world), &world);
        let expected = example().with_extension(format!("{env}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &found).expect("the expectation is written");
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap_or_default(), "{env}; UPDATE=1 rewrites it");
    }
}

#[test]
fn a_good_stack_has_no_problems() {
    let loaded = load(&example());
    let problems = loaded.file.expect("a stack").check(&registry(), &Inputs::default());
    assert_eq!(render(&problems, &loaded.sources, Path::new("/")), "");
}

#[test]
fn a_lookup_may_read_elsewhere_and_as_somebody_else() {
    let loaded = read(
        "stack: s\nregion: eu-west-3\nvariables: {role: {type: string, default: arn:role}}\nlookups:\n  \
         here: {kind: ssm_parameter, name: /a}\n  \
         there: {kind: ssm_parameter, name: /a, region: us-east-1, role_arn: '${var.role}'}\n\
         outputs: {both: {value: '${lookup.here.value}${lookup.there.value}'}}\n",
    );
    let prepared = loaded.file.expect("a stack").prepare(&registry(), &Inputs::default()).expect("no problems");
    let places: Vec<_> =
        prepared.early_lookups().iter().map(|lookup| (lookup.region.clone(), lookup.role_arn.clone())).collect();
    assert_eq!(places, [("eu-west-3".to_owned(), None), ("us-east-1".to_owned(), Some("arn:role".to_owned()))]);
}

#[test]
fn lookups_that_come_first_are_asked_in_order() {
    let loaded = read(
        "stack: s\nregion: eu-west-3\nlookups:\n  b: {kind: ssm_parameter, name: '${lookup.a.value}'}\n  \
         a: {kind: ssm_parameter, name: x}\n  late: {kind: ssm_parameter, name: '${v.id}'}\n  \
         unused: {kind: ssm_parameter, name: y}\nresources:\n  v: {kind: vpc, cidr_block: 10.0.0.0/16}\n  \
         i: {kind: instance, ami: '${lookup.b.value}', user_data: '${lookup.late.value}'}\n",
    );
    let prepared = loaded.file.expect("a stack").prepare(&registry(), &Inputs::default()).expect("prepared");
    let names: Vec<_> = prepared.early_lookups().iter().map(|lookup| lookup.name.clone()).collect();
    assert_eq!(names, ["a", "b"]);
    let mut world = Known::default();
    assert_eq!(prepared.evaluate_lookup("b", &world).expect("arguments"), None);
    world.lookups.insert("a".into(), Value::map([("value", Value::from("/b"))]));
    let arguments = prepared.evaluate_lookup("b", &world).expect("arguments").expect("known");
    assert_eq!(arguments.get("name"), Some(&Value::from("/b")));
}

#[test]
fn what_the_world_knows_replaces_what_is_unknown() {
    let loaded = load(&example());
    let mut world = Known::zones();
    let stack = expand(&loaded, &inputs("dev"), &world);
    let subnet = &stack.instances[&Address::keyed("public", "a")];
    let before = stack.evaluate(subnet, &world).expect("attributes");
    assert!(before["vpc_id"].is_unknown() && !before["cidr_block"].is_unknown());
    assert_eq!(before["vpc_id"].waits_for().into_iter().collect::<Vec<_>>(), ["vpc"]);
    let vpc = Value::map([("id", Value::from("vpc-1")), ("cidr_block", Value::from("10.9.0.0/16"))]);
    world.instances.insert(Address::plain("vpc"), vpc);
    let after = stack.evaluate(subnet, &world).expect("attributes");
    assert_eq!(after["vpc_id"], Value::from("vpc-1"));
    assert_eq!(after["cidr_block"], Value::from("10.9.0.0/24"));
}

#[test]
fn variables_come_from_the_strongest_source() {
    let text = "stack: s\nregion: eu-west-3\nvariables: {a: {type: string, default: file}, n: {type: number, default: 1}}\n\
                environments: {dev: {a: env}, prod: {}}\nresources: {}\noutputs: {a: {value: '${var.a}'}, n: {value: '${var.n}'}}\n";
    let loaded = read(text);
    let folder = tempfile::tempdir().expect("a folder");
    let vars = folder.path().join("vars.yaml");
    fs::write(&vars, "a: 007\nn: 7\n").expect("a file");
    let process = BTreeMap::from([("a".to_owned(), "process".to_owned()), ("other".to_owned(), "x".to_owned())]);
    let cli = vec![("a".to_owned(), "cli".to_owned()), ("n".to_owned(), "3".to_owned())];
    for (env, vars, var_files, process_vars, want) in [
        ("prod", vec![], vec![], BTreeMap::new(), ("file", 1_i64)),
        ("dev", vec![], vec![], BTreeMap::new(), ("env", 1)),
        ("dev", vec![], vec![], process.clone(), ("process", 1)),
        ("dev", vec![], vec![vars.clone()], process.clone(), ("007", 7)),
        ("dev", cli, vec![vars], process, ("cli", 3)),
    ] {
        let inputs = Inputs { env: Some(env.to_owned()), vars, var_files, process_vars, ..Inputs::default() };
        let world = Known::default();
        let stack = expand(&loaded, &inputs, &world);
        let values: Vec<_> =
            stack.outputs.iter().map(|output| stack.evaluate_output(output, &world).expect("a value")).collect();
        assert_eq!(values, [Value::from(want.0), Value::from(want.1)]);
    }
}

#[test]
fn a_value_on_the_command_line_is_yaml_or_what_terraform_takes() {
    let text = "stack: s\nregion: eu-west-3\nvariables: {o: {type: 'object({type = string, sizes = list(number)})'}}\n\
                resources: {}\noutputs: {o: {value: '${var.o}'}}\n";
    let loaded = read(text);
    let want =
        Value::map([("type", Value::from("t3.small")), ("sizes", Value::list([Value::from(1), Value::from(2)]))]);
    for given in [
        "{type: t3.small, sizes: [1, 2]}", r#"{type = "t3.small", sizes = [1, 2]}"#,
        "{\n  type = \"t3.small\"\n  sizes = [1, 2]\n}", r#"{"type": "t3.small", "sizes": [1, 2]}"#,
    ] {
        let inputs = Inputs { vars: vec![("o".into(), given.into())], ..Inputs::default() };
        let world = Known::default();
        let stack = expand(&loaded, &inputs, &world);
        assert_eq!(stack.evaluate_output(&stack.outputs[0], &world).expect("a value"), want, "{given}");
    }
}

#[test]
fn what_is_wrong_with_a_call_is_told_with_the_way_out() {
    let text = "stack: s\nregion: eu-west-3\naccount: '123456789012'\nvariables: {size: {type: number}}\nenvironments: {dev: {size: 1}, prod: {}}\nresources: {}\n";
    let plain = "stack: s\nvariables: {size: {type: number, default: 1}}\nresources: {}\n";
    let with = |env: &str| Inputs { env: Some(env.to_owned()), ..Inputs::default() };
    let var = |name: &str, value: &str| Inputs { vars: vec![(name.into(), value.into())], ..with("dev") };
    for (text, inputs, message) in [
        (text, Inputs::default(), "the stack has environments, and none is chosen"),
        (text, with("prd"), "there is no environment `prd`"),
        (text, with("prod"), "the variable `size` has no value"),
        (text, var("sise", "1"), "`--var` sets `sise`, which is no variable of this stack"),
        (
            text,
            var("size", "many"),
            "the value of `size` does not fit its type: a number is needed: the text is no number",
        ),
        (text, var("size", "{"), "`--var size=…` is no value of `size`: this is no YAML: unclosed bracket '{'"),
        (
            text,
            Inputs { region: Some("us-east-1".into()), ..with("dev") },
            "`--region us-east-1` contradicts the stack, which lives in eu-west-3",
        ),
        (text, Inputs { var_files: vec!["/nowhere.yaml".into()], ..with("dev") }, "there is no file `/nowhere.yaml`"),
        (plain, with("dev"), "there is no environment `dev`: the stack has none"),
        (plain, Inputs::default(), "the stack has no region"),
    ] {
        let loaded = read(text);
        let problems = loaded.file.expect("a stack").prepare(&registry(), &inputs).expect_err(message);
        assert!(problems.iter().any(|problem| problem.message == message), "{message}: {problems:?}");
    }
}

/// The entries of the top-level mappings of the example, to be written in any order.
fn shuffled(text: &str, order: &[usize]) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') || line.is_empty() => {
                block.push('\n');
                block.push_str(line);
            }
            _ => blocks.push(line.to_owned()),
        }
    }
    for block in &mut blocks {
        let Some((head, rest)) = block.split_once('\n') else { continue };
        let mut entries: Vec<String> = Vec::new();
        for line in rest.lines() {
            match entries.last_mut() {
                Some(entry) if line.starts_with("   ") || line.starts_with("  -") || line.is_empty() => {
                    entry.push('\n');
                    entry.push_str(line);
                }
                _ => entries.push(line.to_owned()),
            }
        }
        sort_by(&mut entries, order);
        *block = format!("{head}\n{}", entries.join("\n"));
    }
    sort_by(&mut blocks, order);
    blocks.join("\n")
}

fn sort_by(items: &mut [String], order: &[usize]) {
    let mut keys = order.iter().copied().cycle();
    items.sort_by_cached_key(|_| keys.next());
}

/// What a stack says, whatever the order of its entries.
fn sorted(stack: &Stack, world: &dyn World) -> Vec<String> {
    let mut parts: Vec<String> = describe(stack, world).split("\n\n").map(str::to_owned).collect();
    parts.sort();
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_file_means_nothing(order in proptest::collection::vec(0_usize..1000, 23)) {
        let text = fs::read_to_string(example()).expect("the example");
        let world = Known::zones();
        let plain = expand(&read(&text), &inputs("prod"), &world);
        let loaded = read(&shuffled(&text, &order));
        let other = expand(&loaded, &inputs("prod"), &world);
        prop_assert_eq!(sorted(&plain, &world), sorted(&other, &world));
    }

    #[test]
    fn a_damaged_stack_never_panics(
        at in 0_usize..4000,
        cut in 0_usize..40,
        put in "[-a-z0-9:${}\\[\\],#&*!|>'\"%@ \\n\\té=.()?~]{0,12}",
    ) {
        let text = fs::read_to_string(example()).expect("the example");
        let floor = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
        let start = floor(at.min(text.len()));
        let end = floor((at + cut).min(text.len())).max(start);
        let loaded = read(&format!("{}{put}{}", &text[..start], &text[end..]));
        if let Some(file) = &loaded.file {
            let mut problems = loaded.problems.clone();
            problems.extend(file.check(&registry(), &Inputs::default()));
            let _ = render(&problems, &loaded.sources, Path::new("/"));
            let world = Known::zones();
            if let Ok(stack) = file.expand(&registry(), &inputs("dev"), &world) {
                for instance in stack.instances.values() {
                    let _ = stack.evaluate(instance, &world);
                }
            }
        }
    }
}

/// `count` instances: each refers to the one before it, to one in the middle and to a root that all share.
fn large(count: usize) -> String {
    let mut text = "stack: large\nregion: eu-west-3\nlocals: {prefix: '${var.p}-x'}\n\
                    variables: {p: {type: string, default: p}}\nresources:\n  \
                    root: {kind: vpc, cidr_block: 10.0.0.0/16}\n  i0: {kind: instance, ami: ami-1}\n"
        .to_owned();
    for at in 1..count {
        let (before, middle) = (at - 1, at / 2);
        let _ = write!(
            text,
            "  i{at}:\n    kind: instance\n    ami: ${{i{before}.id}}\n    instance_type: ${{i{before}.instance_type}}\n    \
             user_data: ${{local.prefix}}-${{i{middle}.instance_type}}\n    labels: {{root: '${{root.id}}'}}\n"
        );
    }
    text
}

#[test]
fn thousands_of_instances_in_a_chain_are_no_trouble() {
    let loaded = read(&large(5000));
    assert!(loaded.problems.is_empty());
    let file = loaded.file.as_ref().expect("a stack");
    let problems = file.check(&registry(), &Inputs::default());
    assert_eq!(render(&problems, &loaded.sources, Path::new("/")), "");
    let stack = expand(&loaded, &Inputs::default(), &Known::default());
    // Nothing is known: what stands far behind counts as unknown instead of being looked for without end.
    let last = stack.evaluate(&stack.instances[4999], &Known::default()).expect("attributes");
    assert!(last["user_data"].is_unknown() && last["ami"].is_unknown());
    assert_eq!(stack.instances[4999].references.len(), 4);
    let empty = Map::new();
    assert!(stack.evaluate_lookup("none", &Known::default()).expect("nothing") == Some(empty));
}

#[test]
fn hostile_expressions_end_in_a_problem() {
    let many = |text: &str, count: usize| text.repeat(count);
    let values = [
        format!("${{{}1{}}}", many("(", 20_000), many(")", 20_000)),
        format!("${{{}1{}}}", many("[", 20_000), many("]", 20_000)),
        format!("${{{}true}}", many("!", 20_000)),
        format!("${{1{}}}", many(" + 1", 20_000)),
        format!("${{{}1{}}}", many("upper(", 5_000), many(")", 5_000)),
        format!("${{x{}}}", many(".a", 20_000)),
        format!("${{x{}}}", many("[0]", 20_000)),
        format!("${{{}1{}}}", many("true ? 1 : ", 5_000), ""),
        format!("${{\"{}x{}\"}}", many("${\"", 2_000), many("\"}", 2_000)),
        many("${1}", 50_000),
        many("%{ if true }", 5_000),
        many("%{ for a in [1] }", 2_000) + &many("%{ endfor }", 2_000),
    ];
    for value in values {
        let start = std::time::Instant::now();
        let loaded = read(&format!("stack: s\nregion: eu-west-3\nlocals:\n  a: '{value}'\nresources: {{}}\n"));
        if let Some(file) = &loaded.file {
            let _ = file.check(&registry(), &Inputs::default());
        }
        assert!(start.elapsed().as_secs() < 20, "{} took {:?}", &value[..20], start.elapsed());
    }
}

#[test]
fn locals_that_double_each_other_are_worked_out_once() {
    let mut text = "stack: s\nregion: eu-west-3\nresources:\n  v: {kind: vpc, cidr_block: 10.0.0.0/16}\n  i: {kind: instance, ami: '${local.l60}'}\nlocals:\n  l0: ${v.cidr_block}\n".to_owned();
    for at in 1..=60 {
        let _ = writeln!(text, "  l{at}: '${{local.l{} == local.l{} ? \"a\" : \"b\"}}'", at - 1, at - 1);
    }
    let loaded = read(&text);
    let problems = loaded.file.as_ref().expect("a stack").check(&registry(), &Inputs::default());
    assert_eq!(render(&problems, &loaded.sources, Path::new("/")), "");
}

/// What an instance refers to, as text.
fn references(stack: &Stack, address: &Address) -> Vec<String> {
    let references = stack.instances[address].references.iter();
    references
        .map(|reference| match &reference.to {
            Target::Instance(to) => format!("{}: {to}", reference.from),
            Target::Lookup(name) => format!("{}: lookup.{name}", reference.from),
        })
        .collect()
}

#[test]
fn instances_wait_for_what_they_may_use_and_for_nothing_else() {
    let loaded = read(
        "stack: s
region: eu-west-3
variables: {on: {type: bool, default: false}}
locals:
  chosen: '${var.on ? a.id : b.id}'
  all: '${[for key, one in many : one.id]}'
resources:
  a: {kind: vpc, cidr_block: 10.0.0.0/16}
  b: {kind: vpc, cidr_block: 10.0.0.0/16}
  many: {kind: instance, for_each: {x: 1, y: 2}, ami: z}
  local: {kind: instance, ami: '${local.chosen}'}
  one: {kind: instance, for_each: [x, y], ami: '${many[each.key].id}'}
  computed: {kind: instance, ami: '${many[\"${\"y\"}\"].id}'}
  all: {kind: instance, ami: '${local.all[0]}'}
  splat: {kind: instance, ami: '${many[*].id[0]}'}
  values: {kind: instance, for_each: {k: '${a.id}'}, ami: '${each.value}'}
  entries:
    kind: security_group
    for_each: [x]
    vpc_id: vpc-1
    ingress:
      - {for_each: {y: 1}, from_port: 1, to_port: 1, source_security_group_id: '${many[each.key].id}'}
      - {when: '${var.on}', from_port: 1, to_port: 1, source_security_group_id: '${a.id}'}
      - {when: '${!var.on}', from_port: 1, to_port: 1, source_security_group_id: '${b.id}'}
  absent: {kind: instance, when: '${var.on}', ami: '${a.id}'}
  tested: {kind: instance, ami: '${absent == null ? \"x\" : absent.id}'}
",
    );
    let world = Known::default();
    let stack = expand(&loaded, &Inputs::default(), &world);
    for (address, want) in [
        (Address::plain("local"), vec!["ami: b"]),
        (Address::keyed("one", "y"), vec!["ami: many[\"y\"]"]),
        (Address::plain("computed"), vec!["ami: many[\"y\"]"]),
        (Address::plain("all"), vec!["ami: many[\"x\"]", "ami: many[\"y\"]"]),
        (Address::plain("splat"), vec!["ami: many[\"x\"]", "ami: many[\"y\"]"]),
        (Address::keyed("values", "k"), vec!["for_each: a"]),
        (Address::keyed("entries", "x"), vec!["ingress: many[\"x\"]", "ingress: many[\"y\"]", "ingress: b"]),
        (Address::plain("tested"), vec![]),
    ] {
        assert_eq!(references(&stack, &address), want, "{address}");
    }
    assert!(!stack.instances.contains_key(&Address::plain("absent")));
}

#[test]
fn thousands_of_instances_of_one_resource_are_no_trouble() {
    let loaded = read(
        "stack: s\nregion: eu-west-3\nlocals: {keys: '${flatten([for a in range(60) : [for b in range(50) : \"${a}-${b}\"]])}'}\nresources:\n  \
         vpc: {kind: vpc, cidr_block: 10.0.0.0/16}\n  \
         a: {kind: subnet, for_each: '${local.keys}', vpc_id: '${vpc.id}', \
         cidr_block: '10.0.${replace(each.key, \"-\", \".\")}/32'}\n  \
         b: {kind: instance, for_each: '${local.keys}', ami: ami-1, subnet_id: '${a[each.key].id}'}\n",
    );
    let start = std::time::Instant::now();
    let problems = loaded.file.as_ref().expect("a stack").check(&registry(), &Inputs::default());
    assert_eq!(render(&problems, &loaded.sources, Path::new("/")), "");
    let stack = expand(&loaded, &Inputs::default(), &Known::default());
    assert_eq!(stack.instances.len(), 6001);
    assert_eq!(references(&stack, &Address::keyed("b", "1-7")), ["subnet_id: a[\"1-7\"]"]);
    // What grows with the square of the instances would take minutes.
    assert!(start.elapsed().as_secs() < 60, "took {:?}", start.elapsed());
}
