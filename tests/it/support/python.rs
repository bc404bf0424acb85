//! The virtual environment of the Python half, below the target folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The Python half: `tests/moto/`.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("moto")
}

/// The interpreter that has moto and boto3, installed when they are missing or the requirements have changed.
/// Processes that ask at the same time wait for the first of them.
pub(crate) fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| match install() {
        Ok(path) => path,
        Err(message) => panic!("the emulated AWS cannot be installed: {message}"),
    })
}

fn install() -> Result<PathBuf, String> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let venv = place.join("moto-venv");
    let interpreter = venv.join("bin").join("python");
    let installed = venv.join("installed.txt");
    let requirements = sources().join("requirements.txt");
    let wanted = fs::read(&requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;

    fs::create_dir_all(place).map_err(|e| format!("{}: {e}", place.display()))?;
    let lock = File::create(place.join("moto-venv.lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    if fs::read(&installed).is_ok_and(|have| have == wanted) {
        return Ok(interpreter);
    }

    say(&format!("installing moto (once, about half a minute) into {}", venv.display()));
    run(
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv),
        "Python 3.10 or newer with its venv module is needed (Debian: apt-get install python3-venv)",
    )?;
    run(
        Command::new(&interpreter)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
        "the packages of tests/moto/requirements.txt come from the Python Package Index, once",
    )?;
    // Written last: a half-finished environment is never taken for a finished one.
    fs::write(&installed, &wanted).map_err(|e| format!("{}: {e}", installed.display()))?;
    Ok(interpreter)
}

fn run(command: &mut Command, hint: &str) -> Result<(), String> {
    let Output { status, stdout, stderr } = command.output().map_err(|e| format!("{command:?}: {e}\n{hint}"))?;
    if status.success() {
        return Ok(());
    }
    let said = [stdout, stderr].concat();
    Err(format!("{command:?}: {status}\n{}\n{hint}", String::from_utf8_lossy(&said)))
}

/// Says `text` at once, past the test harness, which would keep it until the end.
fn say(text: &str) {
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(io::stderr(), "clefctl tests: {text}");
}
