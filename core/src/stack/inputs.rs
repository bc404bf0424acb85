//! What a run is given besides the file, and what it knows of the world.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::kind::{Address, Value, World};

/// What the command line and the process say of a run.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--var k=v`, in order; the last one of a name counts.
    pub vars: Vec<(String, String)>,
    /// `--var-file`, in order; the last one that sets a variable counts.
    pub var_files: Vec<PathBuf>,
    /// Variables of the process that begin with `CLEFCTL_VAR_`, without these letters.
    pub process_vars: BTreeMap<String, String>,
    /// `--env` or `CLEFCTL_ENV`.
    pub env: Option<String>,
    /// `--region`: an error where the file says another one.
    pub region: Option<String>,
    /// The region of the AWS configuration, for a file that names none.
    pub default_region: Option<String>,
}

/// A world of which nothing is known: `validate`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl World for Offline {
    fn instance(&self, _: &Address) -> Option<Value> {
        None
    }

    fn lookup(&self, _: &str) -> Option<Value> {
        None
    }

    fn account_id(&self) -> Option<String> {
        None
    }
}
