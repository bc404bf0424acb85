//! A made-up plan with every action, reason and form of value.

use crate::engine::plan::{Action, AttributeChange, Change, OutputChange, Plan, Reason, Step, StepId, Verb};
use crate::error::{Problem, Sources, Span};
use crate::kind::{Absent, Address, Attribute, Block, DocumentKind, Facts, Literal, Owner, Place, Shape, Type, Value};
use crate::report::View;

const fn plain(name: &'static str, ty: Type) -> Attribute {
    Attribute { name, ty, ..Attribute::PLAIN }
}

const RULE: Block = Block {
    attributes: &[plain("cidr_blocks", Type::Set(&Type::Cidr)), plain("from_port", Type::Int)],
    ..Block::EMPTY
};

static GROUP: Facts = Facts {
    name: "security_group",
    declared: &Block {
        attributes: &[plain("description", Type::String), plain("ingress", Type::Set(&Type::Block(&RULE)))],
        ..Block::EMPTY
    },
    ..Facts::REGIONAL
};

static ROLE: Facts = Facts {
    name: "iam_role",
    place: Place::Global,
    declared: &Block {
        attributes: &[plain("assume_role_policy", Type::Document(DocumentKind::Policy))],
        ..Block::EMPTY
    },
    ..Facts::GLOBAL
};

static VPC: Facts = Facts {
    name: "vpc",
    declared: &Block {
        attributes: &[
            Attribute { absent: Absent::Default(Literal::Bool(true)), ..plain("enable_dns_support", Type::Bool) },
            Attribute { absent: Absent::Default(Literal::Str("default")), ..plain("instance_tenancy", Type::String) },
        ],
        ..Block::EMPTY
    },
    ..Facts::REGIONAL
};

/// What is known of the kinds of the sample.
pub(super) fn facts(kind: &str) -> Option<&'static Facts> {
    [&GROUP, &ROLE, &VPC].into_iter().find(|facts| facts.name == kind)
}

pub(super) fn view(sources: &Sources) -> View<'_> {
    View { facts: &facts, sources }
}

pub(super) fn attribute(name: &str, before: impl Into<Value>, after: impl Into<Value>) -> AttributeChange {
    AttributeChange {
        name: name.to_owned(),
        before: before.into(),
        after: after.into(),
        forces: false,
        sensitive: false,
        note: None,
    }
}

pub(super) fn new(name: &str, after: impl Into<Value>) -> AttributeChange {
    attribute(name, Value::Null, after)
}

fn unknown(of: &str) -> Value {
    Value::unknown(Shape::String, of)
}

fn strings(items: &[&str]) -> Value {
    Value::list(items.iter().map(|s| Value::from(*s)))
}

pub(super) fn change(address: &str, kind: &'static str, action: Action, reason: Reason) -> Change {
    let id = (action != Action::Create).then(|| format!("{kind}-0a1b2c"));
    Change {
        address: Address::parse(address).unwrap(),
        kind,
        region: "eu-west-3".to_owned(),
        action,
        reason,
        id,
        generation: 1,
        attributes: Vec::new(),
        loss: None,
        notes: Vec::new(),
    }
}

fn with(change: Change, attributes: impl IntoIterator<Item = AttributeChange>) -> Change {
    Change { attributes: attributes.into_iter().collect(), ..change }
}

fn rule(port: i64, blocks: &[&str], description: &str) -> Value {
    Value::map([
        ("cidr_blocks", strings(blocks)),
        ("description", description.into()),
        ("from_port", port.into()),
        ("protocol", "tcp".into()),
        ("to_port", port.into()),
    ])
}

fn statement(sid: &str, action: Value, resource: &str) -> Value {
    Value::map([("Sid", sid.into()), ("Effect", "Allow".into()), ("Action", action), ("Resource", resource.into())])
}

fn policy(statements: impl IntoIterator<Item = Value>) -> Value {
    Value::map([("Version", Value::from("2012-10-17")), ("Statement", Value::list(statements))])
}

const USER_DATA: &str = "#!/bin/bash\nset -euo pipefail\napt-get update\napt-get install -y nginx\n\n\
    cat > /etc/motd <<EOF\nBienvenue à bord\nEOF\nsystemctl enable nginx\nsystemctl start nginx\n\
    pm2 start app.js\npm2 save\n";

/// Changes of every action and reason.
fn changes() -> Vec<Change> {
    let mut forced = attribute("engine", "mysql", "postgres");
    forced.forces = true;
    let mut password = attribute("password", Value::Null, "hunter2");
    password.sensitive = true;
    let mut version = attribute("image_id", "ami-0aaa", "ami-0bbb");
    version.note = Some("since lookup.ubuntu moved".to_owned());
    let replace = |create_first| Action::Replace { create_first };
    let demanded =
        Reason::Demanded { attribute: "scheme".to_owned(), why: "AWS cannot move a load balancer".to_owned() };
    vec![
        with(
            change("app", "security_group", Action::Update, Reason::Differs),
            [
                attribute(
                    "description", "Les requêtes du monde entier, avant", "Les requêtes du monde entier, après 漢字",
                ),
                attribute(
                    "ingress",
                    Value::list([
                        rule(80, &["0.0.0.0/0"], "web"),
                        rule(22, &["10.0.0.0/8"], "ssh"),
                        rule(53, &["10.0.0.0/8"], "dns"),
                    ]),
                    Value::list([
                        rule(443, &["0.0.0.0/0", "::/0"], "web, encrypted"),
                        rule(22, &["10.0.0.0/8", "192.168.0.0/16"], "ssh"),
                        rule(53, &["10.0.0.0/8"], "dns"),
                    ]),
                ),
                attribute(
                    "tags",
                    Value::map([("Project", "Clef"), ("Old", "x")].map(|(k, v)| (k, Value::from(v)))),
                    Value::map(
                        [("Project", "ClefCloud"), ("aws:name with blank", "é")].map(|(k, v)| (k, Value::from(v))),
                    ),
                ),
            ],
        ),
        change("bucket", "s3_bucket", Action::Adopt, Reason::Unmarked),
        with(
            change("code", "launch_template", Action::Update, Reason::LookupMoved(vec!["ubuntu".to_owned()])),
            [
                version,
                attribute(
                    "user_data",
                    USER_DATA,
                    USER_DATA.replace("start nginx", "restart nginx").replace("à bord", "chez nous"),
                ),
            ],
        ),
        Change {
            loss: Some("the database clefcloud-prod-db and its automated backups".to_owned()),
            notes: vec!["a final snapshot is taken first: clefcloud-prod-db-final-db-ABC".to_owned()],
            ..with(
                change("db", "db_instance", replace(false), Reason::CreateOnly(vec!["engine".to_owned()])),
                [
                    forced,
                    attribute("multi_az", false, true),
                    attribute("allocated_storage", 20, 20),
                    attribute("endpoint", "db.eu-west-3.rds.amazonaws.com", unknown("db")),
                    password,
                ],
            )
        },
        change("gone[\"é x\"]", "subnet", Action::Delete, Reason::NotInStack),
        change("lb", "lb", replace(true), demanded),
        change("logs", "cloudwatch_log_group", Action::Release, Reason::NotInStack),
        change("nat", "nat_gateway", Action::Await, Reason::InProgress("pending".to_owned())),
        change("nat_b", "nat_gateway", replace(true), Reason::Failed("InsufficientFreeAddressesInSubnet".to_owned())),
        change("old", "lb", Action::Delete, Reason::Superseded),
        change("pool", "cognito_user_pool", replace(true), Reason::Unfinished),
        change("public[\"a\"]", "subnet", Action::Move { from: Address::keyed("pub", "a") }, Reason::Renamed),
        with(
            change("role", "iam_role", Action::Update, Reason::Differs),
            [
                attribute(
                    "assume_role_policy",
                    policy([
                        statement("Read", "s3:GetObject".into(), "arn:aws:s3:::a/*"),
                        statement("List", "s3:ListBucket".into(), "arn:aws:s3:::a"),
                    ]),
                    policy([
                        statement("Read", strings(&["s3:GetObject", "s3:PutObject"]), "arn:aws:s3:::a/*"),
                        statement("List", strings(&["s3:ListBucket"]), "arn:aws:s3:::a"),
                    ]),
                ),
                attribute("inline", r#"{"a": [1, 2, 3], "b": "x"}"#, r#"{"a": [1, 3, 4], "b": "x"}"#),
                attribute(
                    "secret_map",
                    Value::map([("key", Value::from("old-secret")), ("n", 1.into())]),
                    Value::map([("key", Value::from("new-secret").sensitive()), ("n", 2.into())]),
                ),
            ],
        ),
        change("trigger", "instance", replace(true), Reason::Triggered),
        with(
            change("vpc", "vpc", Action::Create, Reason::New),
            [
                new("cidr_block", "10.0.0.0/16"),
                new("enable_dns_support", true),
                new("instance_tenancy", "default"),
                new("ipv6", Value::Null),
                new("peer_id", unknown("peer")),
                new(
                    "ingress",
                    Value::list([
                        rule(443, &["0.0.0.0/0"], "the whole world"),
                        rule(80, &["0.0.0.0/0"], "the whole world"),
                    ]),
                ),
                new("policy", policy([statement("Read", "s3:GetObject".into(), "*")])),
                new("token", Value::from("hunter2").sensitive()),
                new("user_data", "#!/bin/bash\necho \u{1b}[2J\n"),
            ],
        ),
        change("web", "instance", replace(true), Reason::Requested),
    ]
}

/// The plan, with steps for its changes, and the files that its warnings point into.
pub(super) fn plan() -> (Plan, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("stack.yaml", "stack: clefcloud\nresources:\n  vpc: {kind: vpc, cidr_block: 10.0.0.0/16}\n");
    let changes = changes();
    let steps = changes
        .iter()
        .enumerate()
        .map(|(i, c)| Step {
            change: i,
            verb: match c.action {
                Action::Create | Action::Replace { .. } => Verb::Create,
                Action::Update => Verb::Update,
                Action::Delete => Verb::Delete,
                Action::Await => Verb::Wait,
                _ => Verb::Retag,
            },
            needs: if i == 3 || i == 5 { vec![StepId(i - 1), StepId(14)] } else { Vec::new() },
        })
        .collect();
    let output = |name: &str, before: Option<&str>, value: Value, sensitive| OutputChange {
        name: name.to_owned(),
        before: before.map(Value::from),
        value,
        description: None,
        sensitive,
    };
    let plan = Plan {
        owner: Owner::new("clefcloud", "prod"),
        account: "123456789012".to_owned(),
        region: "eu-west-3".to_owned(),
        destroy: false,
        changes,
        unchanged: 42,
        steps,
        outputs: vec![
            output("database", Some("db.eu-west-3.rds.amazonaws.com"), unknown("db"), false),
            output("key", Some("old-secret"), "hunter2".into(), true),
            output("region", None, "eu-west-3".into(), false),
            output("url", Some("https://clefcloud.example"), "https://clefcloud.example".into(), false),
        ],
        warnings: vec![
            Problem::warning("the network is larger than it needs to be")
                .at(Span { file, start: 56, end: 67 })
                .address("vpc")
                .hint("a /20 would do"),
        ],
    };
    (plan, sources)
}
