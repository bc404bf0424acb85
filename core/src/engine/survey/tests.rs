use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::*;
use crate::engine::places::Outpost;
use crate::engine::testing::{Line, Wish};
use crate::kind::{
    Address, Ask, Attributes, Declared, Deletion, Facts, Found, Identity, Kind, Map, Name, NameChars, Naming, Owner,
    Registry, Select, Status, Store, TagChange, Unique, Violation,
};

/// A thing with a name.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Named {
    /// Its name.
    name: Name,
}

/// Nothing more.
#[derive(Attributes)]
struct None_ {}

const NAMED: Facts = Facts {
    name: "",
    declared: &Named::BLOCK,
    outputs: &None_::BLOCK,
    naming: Some(Naming { attribute: "name", max: 60, allowed: NameChars::LowerHyphen, unique: Unique::Account }),
    ..Facts::REGIONAL
};
static LISTED: Facts = Facts { name: "listed", ..NAMED };
static SWEPT: Facts = Facts { name: "swept", found: Found::Swept("test:swept"), ..NAMED };
static CHILD: Facts = Facts { name: "child", found: Found::Child(&["listed", "swept"]), ..NAMED };
static GLOBAL: Facts = Facts { name: "global", place: Place::Global, ..NAMED };

/// What one read answers.
type Answer = Result<Vec<Observed>>;

/// An account whose reads are scripted by kind, region and what is asked for: `*`, or a name.
struct Scripted {
    registry: Registry,
    script: Arc<Script>,
    strays: Vec<(String, String)>,
}

#[derive(Default)]
struct Script {
    answers: Mutex<BTreeMap<String, Answer>>,
    log: Mutex<Vec<String>>,
    /// How many tags each declared instance was expected to carry.
    tags: Mutex<Vec<usize>>,
}

struct Reader(&'static Facts, Arc<Script>);

impl Scripted {
    fn new(answers: Vec<(&str, Answer)>) -> Self {
        let script = Arc::new(Script::default());
        *script.answers.lock().unwrap() = answers.into_iter().map(|(ask, answer)| (ask.to_owned(), answer)).collect();
        let kinds = [&LISTED, &SWEPT, &CHILD, &GLOBAL];
        let kinds = kinds.map(|facts| Arc::new(Reader(facts, Arc::clone(&script))) as Arc<dyn Kind>);
        Self { registry: Registry::new(kinds.to_vec(), Vec::new()), script, strays: Vec::new() }
    }

    async fn survey(&self, stack: &Wish, scope: Scope) -> Inventory {
        survey(self, stack, &Options::default(), scope, &context()).await.unwrap()
    }

    fn log(&self) -> Vec<String> {
        let mut log = self.script.log.lock().unwrap().clone();
        log.sort();
        log
    }
}

fn context() -> Context {
    Context {
        owner: Owner::new("clefcloud", "dev"),
        account: "123456789012".into(),
        region: "eu-west-3".into(),
        role_arn: None,
        nonce: "n".into(),
        deadline: tokio::time::Instant::now() + Duration::from_mins(10),
        cancel: tokio_util::sync::CancellationToken::new(),
        progress: Arc::new(|_| {}),
        careful: false,
        together: None,
    }
}

fn thing(kind: &'static str, id: &str, owned: Owned) -> Observed {
    Observed {
        kind,
        role_arn: None,
        region: "eu-west-3".to_owned(),
        id: id.to_owned(),
        owned,
        status: Status::Usable,
        attributes: Map::from([("name".to_owned(), Value::from(id))]),
        outputs: Map::new(),
        tags: BTreeMap::new(),
    }
}

fn ours(address: &str) -> Owned {
    Owned::Ours { address: Address::plain(address), generation: 1 }
}

fn ids(inventory: &Inventory) -> Vec<&str> {
    inventory.things.iter().map(|thing| thing.id.as_str()).collect()
}

fn words(inventory: &Inventory) -> Vec<String> {
    let word =
        |problem: &Problem| format!("{}: {}", if problem.is_error() { "error" } else { "warning" }, problem.message);
    inventory.problems.iter().map(word).collect()
}

impl Kind for Reader {
    fn facts(&self) -> &'static Facts {
        self.0
    }

    fn check(&self, _: &Map) -> Vec<Violation> {
        Vec::new()
    }

    fn must_replace(&self, _: &Map, _: &Map) -> Option<(&'static str, String)> {
        None
    }

    fn read<'a>(&'a self, cx: &'a Context, select: Select<'a>) -> BoxFuture<'a, Answer> {
        let what = match select {
            Select::One(name) => name.to_owned(),
            Select::Owned(expected) => {
                self.1.tags.lock().unwrap().extend(expected.instances.iter().map(|instance| instance.tags.len()));
                let parents: Vec<&str> = expected.parents.iter().map(|parent| parent.id.as_str()).collect();
                if parents.is_empty() { "*".to_owned() } else { format!("* of {}", parents.join(", ")) }
            }
        };
        let role = cx.role_arn.as_deref().map(|role| format!(" as {role}")).unwrap_or_default();
        let ask = format!("{} {} {what}{role}", self.0.name, cx.region);
        let answer = self.1.answers.lock().unwrap().get(&ask).cloned().unwrap_or_else(|| Ok(Vec::new()));
        self.1.log.lock().unwrap().push(ask);
        async move { answer }.boxed()
    }

    fn create<'a>(&'a self, _: &'a Context, _: &'a Declared) -> BoxFuture<'a, Result<Observed>> {
        unreachable!("a survey only reads")
    }

    fn update<'a>(&'a self, _: &'a Context, _: &'a Declared, _: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        unreachable!("a survey only reads")
    }

    fn delete<'a>(&'a self, _: &'a Context, _: &'a Observed, _: &'a Deletion) -> BoxFuture<'a, Result<()>> {
        unreachable!("a survey only reads")
    }

    fn retag<'a>(&'a self, _: &'a Context, _: &'a Observed, _: &'a TagChange) -> BoxFuture<'a, Result<()>> {
        unreachable!("a survey only reads")
    }

    fn wait<'a>(&'a self, _: &'a Context, _: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        unreachable!("a survey only reads")
    }

    fn preflight<'a>(&'a self, _: &'a Context, _: Ask<'a>) -> BoxFuture<'a, Result<Vec<Violation>>> {
        unreachable!("a survey only reads")
    }
}

impl Account for Scripted {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity>> {
        unreachable!("a survey knows where it is")
    }

    fn store(&self, _: &str) -> Arc<dyn Store> {
        Arc::new(Line::new())
    }

    fn strays<'a>(&'a self, _: &'a Context, _: &'a Owner) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        async { Ok(self.strays.clone()) }.boxed()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}

#[tokio::test]
async fn every_kind_is_read_once_per_region_and_children_after_their_parents() {
    let account = Scripted::new(vec![
        (
            "listed eu-west-3 *",
            Ok(vec![thing("listed", "l-1", ours("old")), thing("listed", "f-1", Owned::Foreign(None))]),
        ),
        ("child eu-west-3 * of l-1", Ok(vec![thing("child", "c-1", ours("kid"))])),
    ]);
    let mut stack = Wish::new();
    stack.resource(&LISTED, "elsewhere", "{}").region = "us-east-1".to_owned();
    let places = Places { regions: BTreeSet::from(["eu-west-1".to_owned()]), ..Places::default() };
    let scope = Scope { places, ..Scope::default() };
    let inventory = account.survey(&stack, scope).await;
    assert_eq!(ids(&inventory), ["c-1", "l-1"]);
    let log = account.log();
    assert_eq!(
        log,
        [
            "child eu-west-1 *", "child eu-west-3 * of l-1", "child us-east-1 *", "global us-east-1 *",
            "listed eu-west-1 *", "listed eu-west-3 *", "listed us-east-1 *", "swept eu-west-1 *", "swept eu-west-3 *",
            "swept us-east-1 *",
        ]
    );
}

fn outpost(role_arn: Option<&str>, parent: Option<&str>) -> Outpost {
    let [role_arn, parent] = [role_arn, parent].map(|said| said.map(str::to_owned));
    Outpost { kind: "child".to_owned(), region: "eu-west-3".to_owned(), role_arn, parent }
}

#[tokio::test]
async fn what_the_ledger_remembers_is_read_where_no_list_leads() {
    let account = Scripted::new(vec![
        ("listed eu-west-3 *", Ok(vec![thing("listed", "l-1", ours("old"))])),
        ("child eu-west-3 * of l-1, shared", Ok(vec![thing("child", "c-1", ours("kid"))])),
        ("child eu-west-3 * of theirs as dns", Ok(vec![thing("child", "c-2", ours("other"))])),
    ]);
    let outposts = BTreeSet::from([outpost(None, Some("shared")), outpost(Some("dns"), Some("theirs"))]);
    let scope = Scope { places: Places { outposts, ..Places::default() }, ..Scope::default() };
    let inventory = account.survey(&Wish::new(), scope).await;
    assert_eq!(ids(&inventory), ["c-1", "c-2", "l-1"]);
}

#[tokio::test]
async fn a_remembered_place_that_cannot_be_read_is_an_error_that_says_the_way_out() {
    let denied = Error::new(ErrorKind::Denied, "not allowed");
    let account = Scripted::new(vec![("child eu-west-3 * of theirs as dns", Err(denied))]);
    let outposts = BTreeSet::from([outpost(Some("dns"), Some("theirs"))]);
    let scope = Scope { places: Places { outposts, ..Places::default() }, ..Scope::default() };
    let inventory = account.survey(&Wish::new(), scope).await;
    assert_eq!(words(&inventory), ["error: the child things in eu-west-3 under dns could not be read: not allowed"]);
    let hints = inventory.problems[0].hints.join(" ");
    assert!(hints.contains("aws ssm delete-parameter --name /clefctl/clefcloud/dev/ledger"), "{hints}");
}

#[tokio::test]
async fn tags_are_expected_but_not_where_all_is_destroyed() {
    for (destroy, expected) in [(false, 3), (true, 0)] {
        let account = Scripted::new(Vec::new());
        let mut stack = Wish::new();
        stack.resource(&LISTED, "a", "{}");
        let options = Options { destroy, ..Options::default() };
        survey(&account, &stack, &options, Scope::default(), &context()).await.unwrap();
        assert_eq!(*account.script.tags.lock().unwrap(), [expected], "destroy: {destroy}");
    }
}

#[tokio::test]
async fn what_a_sweep_does_not_find_is_read_by_name() {
    let account = Scripted::new(vec![
        ("swept eu-west-3 *", Ok(vec![thing("swept", "seen", ours("seen"))])),
        ("swept eu-west-3 clefcloud-dev-fresh", Ok(vec![thing("swept", "clefcloud-dev-fresh", ours("fresh"))])),
        (
            "swept eu-west-3 clefcloud-dev-taken",
            Ok(vec![thing("swept", "clefcloud-dev-taken", Owned::Foreign(Some("other/prod".to_owned())))]),
        ),
    ]);
    let mut stack = Wish::new();
    for name in ["seen", "fresh", "taken", "new"] {
        stack.resource(&SWEPT, name, "{}");
    }
    let inventory = account.survey(&stack, Scope::default()).await;
    assert_eq!(ids(&inventory), ["clefcloud-dev-fresh", "seen"]);
    let taken: Vec<String> = inventory.taken.keys().map(ToString::to_string).collect();
    assert_eq!(taken, ["taken"]);
    assert!(!account.log().iter().any(|ask| ask.contains("dev-seen")), "what was found is not read again");
}

#[tokio::test]
async fn a_foreign_thing_of_our_name_is_noted_only_where_nothing_of_ours_lives() {
    let foreign = |name: &str| thing("listed", name, Owned::Foreign(None));
    let found = vec![thing("listed", "x", ours("here")), foreign("clefcloud-dev-here"), foreign("clefcloud-dev-there")];
    let account = Scripted::new(vec![("listed eu-west-3 *", Ok(found))]);
    let mut stack = Wish::new();
    stack.resource(&LISTED, "here", "{}");
    stack.resource(&LISTED, "there", "{}");
    let inventory = account.survey(&stack, Scope::default()).await;
    let taken: Vec<String> = inventory.taken.keys().map(ToString::to_string).collect();
    assert_eq!(taken, ["there"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_unknown_and_never_absent() {
    let denied = || Err(Error::new(ErrorKind::Denied, "you may not"));
    for (mentioned, strict, want) in [(true, false, "error"), (false, false, "warning"), (false, true, "error")] {
        let account = Scripted::new(vec![("listed eu-west-3 *", denied())]);
        let mut stack = Wish::new();
        if mentioned {
            stack.resource(&LISTED, "one", "{}");
        }
        let inventory = account.survey(&stack, Scope { strict, ..Scope::default() }).await;
        let words = words(&inventory);
        let of = |kind: &str| format!("{want}: the {kind} things in eu-west-3 could not be read: you may not");
        assert!(words.contains(&of("listed")), "{mentioned} {strict} {words:?}");
        assert!(words.iter().any(|word| word.contains("child")), "its children are unknown as well: {words:?}");
    }
}

#[tokio::test]
async fn an_unexpected_failure_is_always_an_error() {
    let broken = Err(Error::new(ErrorKind::Aws, "nonsense"));
    let account = Scripted::new(vec![("global us-east-1 *", broken)]);
    let inventory = account.survey(&Wish::new(), Scope::default()).await;
    assert_eq!(words(&inventory), ["error: the global things in us-east-1 could not be read: nonsense"]);
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_stops() {
    let account = Scripted::new(vec![("listed eu-west-3 *", Err(Error::new(ErrorKind::Cancelled, "stopped")))]);
    let result = survey(&account, &Wish::new(), &Options::default(), Scope::default(), &context()).await;
    assert_eq!(result.map(drop).map_err(|error| error.kind), Err(ErrorKind::Cancelled));
}

#[tokio::test]
async fn our_tag_on_a_thing_of_no_known_kind_is_a_warning() {
    let account = Scripted { strays: vec![("arn:x".to_owned(), "queue/jobs".to_owned())], ..Scripted::new(Vec::new()) };
    let inventory = account.survey(&Wish::new(), Scope::default()).await;
    assert_eq!(
        words(&inventory),
        ["warning: arn:x carries our tag `queue/jobs`, whose kind this version does not know"]
    );
    assert_eq!(inventory.strays.len(), 1);
}
