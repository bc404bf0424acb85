//! The simulated account on disk: `sandbox.json`, written whole and at once after every call that changes something.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::clock::Time;
use super::values::secret;
use super::world::{Key, Stored, Thing, Work, World};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Map, Tags, Value};

/// The file's name inside its folder.
const FILE: &str = "sandbox.json";
/// Whoever writes holds a lock on this one.
const LOCK: &str = "sandbox.lock";
/// The format that this version writes.
const FORMAT: u32 = 1;
/// The only key of what stands for a secret.
const SECRET: &str = "clefctl:secret";

/// The whole file.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    /// When it was written: by the account's clock, by its store's, and by the machine's. Milliseconds since 1970.
    now: u64,
    real: u64,
    wall: u64,
    things: Vec<SavedThing>,
    births: BTreeMap<String, u64>,
    store: Vec<SavedEntry>,
}

#[derive(Serialize, Deserialize)]
struct SavedThing {
    kind: String,
    region: String,
    id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    attributes: Json,
    outputs: Json,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: Tags,
    seed: String,
    made: u64,
    #[serde(default)]
    busy_until: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    modifying: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
    #[serde(default)]
    updates: u64,
}

#[derive(Serialize, Deserialize)]
struct SavedEntry {
    region: String,
    name: String,
    value: String,
    modified: u64,
}

/// What time it was when the account was last saved.
pub(super) struct Times {
    pub(super) now: Time,
    pub(super) real: Time,
    pub(super) wall: Time,
}

/// A folder that several processes may use at once.
pub(super) struct Disk {
    folder: PathBuf,
    /// The last change of the file that this process knows of.
    known: Mutex<Option<Stamp>>,
}

/// What tells one version of the file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

/// Keeps other processes from writing until it is dropped.
pub(super) struct Turn(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, known: Mutex::default() }
    }

    /// Waits until it is this process's turn to write.
    pub(super) fn turn(&self) -> Result<Turn> {
        let path = self.folder.join(LOCK);
        let unlocked = |error: std::io::Error| {
            Error::new(ErrorKind::Usage, format!("{} cannot be locked: {error}", path.display()))
        };
        fs::create_dir_all(&self.folder).map_err(unlocked)?;
        let lock = File::create(&path).map_err(unlocked)?;
        lock.lock().map_err(unlocked)?;
        Ok(Turn(lock))
    }

    /// Brings the account up to date if another process has written since; gives the times of what was read.
    pub(super) fn refresh(&self, world: &mut World) -> Result<Option<Times>> {
        let stamp = self.stamp();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp == *known {
            return Ok(None);
        }
        let times = load(&self.folder, world)?;
        *known = stamp;
        Ok(times)
    }

    /// Writes the account: whole, or not at all.
    pub(super) fn save(&self, world: &World, times: &Times) -> Result<()> {
        save(&self.folder, world, times)?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = self.stamp();
        Ok(())
    }

    fn stamp(&self) -> Option<Stamp> {
        let meta = fs::metadata(file(&self.folder)).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Stamp { modified: meta.modified().ok()?, length: meta.len(), inode })
    }
}

/// Where the account is kept.
fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Fills an account from its folder; `None`, and an empty account, where nothing is saved.
fn load(folder: &Path, world: &mut World) -> Result<Option<Times>> {
    let path = file(folder);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == Io::NotFound => {
            world.clear();
            return Ok(None);
        }
        Err(error) => return Err(broken(&path, &error)),
    };
    let saved: Saved = serde_json::from_str(&text).map_err(|error| broken(&path, &error))?;
    if saved.format != FORMAT {
        let why = format!("it has format {}, and this version reads format {FORMAT}", saved.format);
        return Err(broken(&path, &why));
    }
    world.clear();
    for thing in saved.things {
        let attributes = map(&thing.attributes).ok_or_else(|| broken(&path, &"attributes are no mapping"))?;
        let outputs = map(&thing.outputs).ok_or_else(|| broken(&path, &"outputs are no mapping"))?;
        world.put(Thing {
            key: Key { kind: thing.kind.into(), region: thing.region.into(), id: thing.id.into() },
            name: thing.name,
            seed: thing.seed,
            attributes,
            outputs,
            tags: thing.tags,
            made: Duration::from_millis(thing.made),
            busy_until: Duration::from_millis(thing.busy_until),
            work: if thing.modifying { Work::Modifying } else { Work::Creating },
            gone: thing.gone.map(Duration::from_millis),
            failed: thing.failed,
            updates: thing.updates,
        });
    }
    world.births = saved.births;
    let entries = saved.store.into_iter();
    world.store = entries
        .map(|e| ((e.region, e.name), Stored { value: e.value, modified: Duration::from_millis(e.modified) }))
        .collect();
    let [now, real, wall] = [saved.now, saved.real, saved.wall].map(Duration::from_millis);
    Ok(Some(Times { now, real, wall }))
}

fn save(folder: &Path, world: &World, times: &Times) -> Result<()> {
    let things = world.all().map(|thing| SavedThing {
        kind: thing.key.kind.to_string(),
        region: thing.key.region.to_string(),
        id: thing.key.id.to_string(),
        name: thing.name.clone(),
        attributes: json(&thing.attributes),
        outputs: json(&thing.outputs),
        tags: thing.tags.clone(),
        seed: thing.seed.clone(),
        made: millis(thing.made),
        busy_until: millis(thing.busy_until),
        modifying: thing.work == Work::Modifying,
        gone: thing.gone.map(millis),
        failed: thing.failed.clone(),
        updates: thing.updates,
    });
    let store = world.store.iter().map(|((region, name), stored)| SavedEntry {
        region: region.clone(),
        name: name.clone(),
        value: stored.value.clone(),
        modified: millis(stored.modified),
    });
    let saved = Saved {
        format: FORMAT,
        now: millis(times.now),
        real: millis(times.real),
        wall: millis(times.wall),
        things: things.collect(),
        births: world.births.clone(),
        store: store.collect(),
    };
    let path = file(folder);
    let unwritten = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Usage, format!("{} cannot be written: {error}", path.display()))
    };
    let text = serde_json::to_string_pretty(&saved).map_err(|error| unwritten(&error))?;
    let draft = folder.join(format!("{FILE}.{}.tmp", std::process::id()));
    fs::create_dir_all(folder).map_err(|error| unwritten(&error))?;
    fs::write(&draft, text).map_err(|error| unwritten(&error))?;
    fs::rename(&draft, &path).map_err(|error| unwritten(&error))
}

/// Removes what is kept in a folder; nothing there is done.
pub(super) fn remove(folder: &Path) -> Result<()> {
    let path = file(folder);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != Io::NotFound => {
            Err(Error::new(ErrorKind::Usage, format!("{} cannot be removed: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Usage, format!("the sandbox in {} cannot be read: {why}", path.display()))
        .hint("`clefctl sandbox reset` begins with an empty one")
}

fn millis(time: Time) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn json(map: &Map) -> Json {
    Json::Object(map.iter().map(|(key, value)| (key.clone(), json_value(value))).collect())
}

/// A value as JSON; of a secret only that it is set.
fn json_value(value: &Value) -> Json {
    match value {
        Value::Sensitive(_) => serde_json::json!({ SECRET: "set" }),
        Value::List(items) => Json::Array(items.iter().map(json_value).collect()),
        Value::Map(map) => json(map),
        other => other.to_json().unwrap_or(Json::Null),
    }
}

fn map(json: &Json) -> Option<Map> {
    Some(json.as_object()?.iter().map(|(key, value)| (key.clone(), value_of(value))).collect())
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Object(map) if map.len() == 1 && map.contains_key(SECRET) => secret(),
        Json::Object(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), value_of(value)))),
        Json::Array(items) => Value::list(items.iter().map(value_of)),
        other => Value::from_json(other),
    }
}
