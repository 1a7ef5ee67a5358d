//! Fetching packages beforehand, outside. Nothing of a package runs while it is fetched: npm is told to run no scripts, and pip
//! to take nothing that has to be built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::package::{INSIDE, Package, Registry};
use crate::shelf::{Launch, Shelf};

const WITHIN: Duration = Duration::from_secs(600);
/// The Python of sandboxes, whose kinds of packages are fetched.
const PYTHON: &str = "/usr/bin/python3";

/// Fetches a package, and remembers how it is started. One that is there is fetched anew.
///
/// # Errors
/// Says what went wrong, in words for people.
pub async fn fetch(shelf: &Shelf, package: &Package) -> Result<Launch, String> {
    let place = shelf.packages().join(package.directory());
    let new = place.with_extension("new");
    let _ = tokio::fs::remove_dir_all(&new).await;
    tokio::fs::create_dir_all(&new).await.map_err(|error| error.to_string())?;
    let launch = match package.registry {
        Registry::Npm => npm(package, &new).await,
        Registry::PyPi => pypi(package, &new).await,
    };
    let launch = match launch {
        Ok(launch) => launch,
        Err(why) => {
            let _ = tokio::fs::remove_dir_all(&new).await;
            return Err(why);
        }
    };
    shelf.write_launch(&new, &launch).map_err(|error| error.to_string())?;
    let _ = tokio::fs::remove_dir_all(&place).await;
    tokio::fs::rename(&new, &place).await.map_err(|error| error.to_string())?;
    Ok(launch)
}

fn inside(package: &Package) -> PathBuf {
    Path::new(INSIDE).join(package.directory())
}

async fn npm(package: &Package, place: &Path) -> Result<Launch, String> {
    let mut command = Command::new("npm");
    command.args(["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"]);
    command.arg("--prefix").arg(place).arg("--").arg(&package.wanted);
    run(command).await?;
    let own = Path::new("node_modules").join(&package.name);
    let text = std::fs::read_to_string(place.join(&own).join("package.json")).map_err(|error| error.to_string())?;
    let described: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let program = program_of(&described, &package.name).ok_or("the package has no program to start")?;
    let script = inside(package).join(own).join(program);
    Ok(Launch { argv: vec!["node".into(), script.display().to_string()], variables: BTreeMap::new() })
}

/// The one program of a package, or the one that has its name, as npx chooses it.
fn program_of(described: &Value, name: &str) -> Option<PathBuf> {
    let short = name.rsplit('/').next()?;
    let program = match &described["bin"] {
        Value::String(program) => program,
        Value::Object(programs) if programs.len() == 1 => programs.values().next()?.as_str()?,
        Value::Object(programs) => programs.get(short)?.as_str()?,
        _ => return None,
    };
    let path = Path::new(program.trim_start_matches("./"));
    let stays = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    stays.then(|| path.to_owned())
}

async fn pypi(package: &Package, place: &Path) -> Result<Launch, String> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary=:all:"]);
    command.args(["--implementation", "cp", "--python-version", &python_version().await?]);
    command.arg("--target").arg(place).arg("--").arg(&package.wanted);
    run(command).await?;
    let script = Path::new("bin").join(&package.name);
    if !place.join(&script).is_file() {
        return Err(format!("the package has no program `{}`", package.name));
    }
    let inside = inside(package);
    let argv = vec![PYTHON.to_owned(), inside.join(script).display().to_string()];
    let quiet = [("PYTHONPATH", inside.display().to_string()), ("PYTHONDONTWRITEBYTECODE", "1".to_owned())];
    Ok(Launch { argv, variables: quiet.map(|(name, value)| (name.to_owned(), value)).into() })
}

/// That of the sandboxes' Python, as pip takes it.
async fn python_version() -> Result<String, String> {
    let mut command = Command::new(PYTHON);
    command.args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
    Ok(run(command).await?.trim().to_owned())
}

async fn run(mut command: Command) -> Result<String, String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(WITHIN, command.output()).await.map_err(|_| format!("{program} took too long"))?;
    let output = ran.map_err(|error| format!("{program} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    let words: String = last.join(" · ").chars().filter(|c| !c.is_control()).take(500).collect();
    Err(format!("{program} failed: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_program_of_a_package_is_found_in_it() {
        let program = |bin: Value| program_of(&json!({ "bin": bin }), "@a/server").map(|path| path.display().to_string());
        assert_eq!(program(json!("./cli.js")).as_deref(), Some("cli.js"));
        assert_eq!(program(json!({ "other": "dist/index.js" })).as_deref(), Some("dist/index.js"));
        assert_eq!(program(json!({ "server": "a.js", "b": "b.js" })).as_deref(), Some("a.js"));
        for none in [json!(null), json!({}), json!({ "x": "a", "y": "b" }), json!("../../evil"), json!("/bin/sh")] {
            assert_eq!(program(none.clone()), None, "{none}");
        }
    }
}
