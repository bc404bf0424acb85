//! A plan as a file (`plan --out`): what was shown is what an apply carries out, or nothing is done.
//!
//! The file holds the plan as machines read it, in which no secret stands, and what it was made of: the stack's files by
//! their hashes, and the variables that are not sensitive. An apply plans again under the lock and compares.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::json;
use crate::engine::Options;
use crate::engine::plan::Plan;
use crate::error::{Error, ErrorKind, Result, Sources};
use crate::kind::Address;

const FORMAT: &str = "clefctl.saved_plan";
/// Files of other versions are refused: what they promise is not known.
const VERSION: &str = "1";
/// How many differences are told of.
const SHOWN: usize = 5;

/// A plan as a file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    format: String,
    version: String,
    clefctl: String,
    /// The stack as the command line named it.
    pub stack: String,
    /// The environment, where the command line chose one.
    pub environment: Option<String>,
    targets: Vec<String>,
    replace: Vec<String>,
    /// What variables that are not sensitive were, as `--var` takes it.
    pub variables: BTreeMap<String, String>,
    sources: BTreeMap<String, String>,
    plan: Json,
}

/// What a plan was made of.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The stack as the command line named it.
    pub stack: String,
    /// The environment, where the command line chose one.
    pub environment: Option<String>,
    /// Variables that are not sensitive, as `--var` takes them.
    pub variables: BTreeMap<String, String>,
}

impl Saved {
    /// A plan to be kept.
    #[must_use]
    pub fn new(origin: Origin, options: &Options, plan: &Plan, sources: &Sources) -> Self {
        let texts = |addresses: &[Address]| addresses.iter().map(ToString::to_string).collect();
        Self {
            format: FORMAT.to_owned(),
            version: VERSION.to_owned(),
            clefctl: env!("CARGO_PKG_VERSION").to_owned(),
            stack: origin.stack,
            environment: origin.environment,
            targets: texts(&options.targets),
            replace: texts(&options.replace),
            variables: origin.variables,
            sources: hashes(sources),
            plan: document(plan, sources),
        }
    }

    /// Reads a file; `None` where it is no saved plan but, say, a stack.
    pub fn parse(text: &str) -> Option<Result<Self>> {
        if !text.trim_start().starts_with('{') {
            return None;
        }
        let json: Json = serde_json::from_str(text).ok()?;
        if json.get("format").and_then(Json::as_str) != Some(FORMAT) {
            return None;
        }
        let of_another = || {
            Error::new(ErrorKind::Stale, "this plan was saved by another version of clefctl")
                .hint("plan again with this one")
        };
        Some(match json.get("version").and_then(Json::as_str) {
            Some(VERSION) => serde_json::from_value(json).map_err(|_| of_another()),
            _ => Err(of_another()),
        })
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        format!("{json:#}\n")
    }

    /// The region of the stack when it was planned.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.plan.get("region").and_then(Json::as_str)
    }

    /// How it was planned.
    pub fn options(&self) -> Result<Options> {
        let addresses = |texts: &[String]| {
            let address = |text: &String| {
                Address::parse(text).ok_or_else(|| Error::new(ErrorKind::Usage, format!("`{text}` is no address")))
            };
            texts.iter().map(address).collect::<Result<Vec<Address>>>()
        };
        Ok(Options { destroy: false, targets: addresses(&self.targets)?, replace: addresses(&self.replace)? })
    }

    /// An error in any account but that of the plan.
    pub fn check_account(&self, now: &str) -> Result<()> {
        let then = self.plan.get("account").and_then(Json::as_str).unwrap_or_default();
        let elsewhere = (then != now).then(|| format!("the account was {then} and is {now}"));
        self.same("it was planned for somewhere else", elsewhere.into_iter())
    }

    /// An error where the files of the stack are no longer those of the plan.
    pub fn check_sources(&self, sources: &Sources) -> Result<()> {
        let now = hashes(sources);
        let names: BTreeSet<&String> = self.sources.keys().chain(now.keys()).collect();
        let changed = names.into_iter().filter(|name| self.sources.get(*name) != now.get(*name));
        self.same("the stack has changed since it was planned", changed.cloned())
    }

    /// An error where variables are no longer what they were; `now` is what they are, as `--var` takes it.
    pub fn check_variables(&self, now: &BTreeMap<String, String>) -> Result<()> {
        let names: BTreeSet<&String> = self.variables.keys().chain(now.keys()).collect();
        let changed = names.into_iter().filter(|name| self.variables.get(*name) != now.get(*name));
        let words = changed.map(|name| {
            let word = |value: Option<&String>| value.map_or("null", String::as_str).to_owned();
            format!("`{name}` was {} and is {}", word(self.variables.get(name)), word(now.get(name)))
        });
        self.same("variables have changed since it was planned", words)
    }

    /// An error where another plan comes of what there is now.
    pub fn check_plan(&self, now: &Plan) -> Result<()> {
        let now = document(now, &Sources::default());
        let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        self.check_account(&text(&now, "account"))?;
        let elsewhere = ["owner", "region"].into_iter().filter_map(|key| {
            let (then, now) = (text(&self.plan, key), text(&now, key));
            (then != now).then(|| format!("the {key} was {then} and is {now}"))
        });
        self.same("it was planned for somewhere else", elsewhere)?;
        let (before, after) = (entries(&self.plan, "changes", "address"), entries(&now, "changes", "address"));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(|name| {
            let action = |changes: Option<&Vec<&Json>>| {
                let actions = changes.into_iter().flatten().map(|change| text(change, "action"));
                Some(actions.collect::<Vec<_>>().join(" and ")).filter(|words| !words.is_empty())
            };
            match (action(before.get(name)), action(after.get(name))) {
                (Some(was), Some(is)) if was == is => format!("{name} ({is}, but otherwise)"),
                (was, is) => {
                    let word = |action: Option<String>| action.unwrap_or_else(|| "nothing".to_owned());
                    format!("{name} (was: {}, is: {})", word(was), word(is))
                }
            }
        });
        self.same("what lives has changed since it was planned", changed)?;
        let (before, after) = (entries(&self.plan, "outputs", "name"), entries(&now, "outputs", "name"));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
        self.same("outputs have changed since it was planned", changed.map(|name| format!("`{name}`")))?;
        let rest = ["steps", "destroy"].into_iter().filter(|key| self.plan.get(key) != now.get(key));
        self.same("it would be carried out in another order now", rest.map(str::to_owned))
    }

    /// The error that tells of differences, if there are any.
    fn same(&self, message: &str, differences: impl Iterator<Item = String>) -> Result<()> {
        let all: Vec<String> = differences.collect();
        if all.is_empty() {
            return Ok(());
        }
        let more = all.len().saturating_sub(SHOWN);
        let mut words = all.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
        if more > 0 {
            words = format!("{words} and {more} more");
        }
        let env = self.environment.as_ref().map_or_else(String::new, |env| format!(" -e {}", super::shell(env)));
        let again =
            format!("nothing was done; plan again: `clefctl plan {}{env} --out FILE`", super::shell(&self.stack));
        Err(Error::new(ErrorKind::Stale, format!("{message}: {words}")).hint(again))
    }
}

/// The plan as machines read it, without warnings: they may come and go. Read back, so that it can be compared with
/// what a file says.
fn document(plan: &Plan, sources: &Sources) -> Json {
    let mut json = json::plan(plan, sources);
    if let Json::Object(map) = &mut json {
        map.shift_remove("warnings");
    }
    serde_json::from_str(&json.to_string()).unwrap_or_default()
}

fn hashes(sources: &Sources) -> BTreeMap<String, String> {
    let byte = |hash: String, byte: &u8| hash + &format!("{byte:02x}");
    let hash = |text: &str| Sha256::digest(text.as_bytes()).iter().fold(String::new(), byte);
    sources.files().iter().map(|file| (file.name.clone(), hash(&file.text))).collect()
}

/// The entries of a list by what names them; a thing and its successor have one address.
fn entries<'j>(plan: &'j Json, list: &str, name: &str) -> BTreeMap<String, Vec<&'j Json>> {
    let mut found: BTreeMap<String, Vec<&Json>> = BTreeMap::new();
    for entry in plan.get(list).and_then(Json::as_array).into_iter().flatten() {
        let name = entry.get(name).and_then(Json::as_str).unwrap_or_default();
        found.entry(name.to_owned()).or_default().push(entry);
    }
    found
}
