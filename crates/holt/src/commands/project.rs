//! The directory that a project session works in: the person's own, and not one that holds more than a project.

use std::path::{Path, PathBuf};

use holt_sandbox::workspace::refusal;

use crate::failure::Failure;

/// The working directory's true path, when an agent may have it. The server checks the same once more; here it is said
/// before anything is started.
pub fn check(directory: &Path, home: Option<&Path>, data_dir: &Path) -> Result<PathBuf, Failure> {
    let directory = directory.canonicalize().map_err(|error| Failure::file(directory, &error))?;
    match refusal(&directory, &real(data_dir), home.map(real).as_deref()) {
        None => Ok(directory),
        Some(why) => {
            let message = format!("an agent does not get {}: {why}", directory.display());
            let hint = "Go to the directory of a project, or let Holt make one with `--managed`.";
            Err(Failure::usage("project_refused", message, hint))
        }
    }
}

/// The true path, as far as the path exists.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_project_is_handed_over() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (home, data, project) = (root.join("home/ann"), root.join("home/ann/.local/share/holt"), root.join("home/ann/site"));
        for directory in [&home, &data, &project] {
            std::fs::create_dir_all(directory).unwrap();
        }
        let link = root.join("link");
        std::os::unix::fs::symlink(&home, &link).unwrap();
        let check = |directory: &Path| check(directory, Some(&home), &data);
        assert_eq!(check(&project), Ok(project.clone()));
        assert_eq!(check(&project.join("../site")), Ok(project.clone()));
        for refused in [Path::new("/"), &home, &root, &link, &data, &home.join(".local"), &home.join("site/..")] {
            assert_eq!(check(refused).unwrap_err().code, "project_refused", "{}", refused.display());
        }
        assert_eq!(check(&root.join("nowhere")).unwrap_err().code, "file");
    }
}
