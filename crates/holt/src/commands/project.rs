//! The directory that a project session works in: the person's own, and not one that holds more than a project.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The working directory, when an agent may have it.
///
/// Refused are the root, the home directory, whatever contains it or Holt's own data, and that data.
pub fn check(directory: &Path, home: Option<&Path>, data_dir: &Path) -> Result<PathBuf, Failure> {
    let directory = directory.canonicalize().map_err(|error| Failure::file(directory, &error))?;
    let home = home.map(real);
    let data_dir = real(data_dir);
    let why = if directory.parent().is_none() {
        "is the whole machine"
    } else if home.as_ref().is_some_and(|home| *home == directory) {
        "is your home directory, with everything in it"
    } else if home.is_some_and(|home| home.starts_with(&directory)) {
        "contains your home directory"
    } else if data_dir.starts_with(&directory) || directory.starts_with(&data_dir) {
        "overlaps with Holt's own data"
    } else {
        return Ok(directory);
    };
    let message = format!("{} {why}; an agent does not get that", directory.display());
    Err(Failure::usage("project_refused", message, "Go to the directory of a project, or let Holt make one with `--managed`."))
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
