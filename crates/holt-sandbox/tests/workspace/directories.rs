//! Which directories of the user's may become workspaces.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use holt_core::id::SessionId;
use holt_core::session::WorkspaceSpec;
use holt_core::workspace::{FileError, Workspaces as _};
use holt_sandbox::workspace::{SessionWorkspaces, refusal};
use uuid::Uuid;

#[test]
fn a_directory_of_a_project_is_taken_by_its_one_true_path() {
    let (data, projects) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspaces = SessionWorkspaces::new(data.path());
    let real = projects.path().canonicalize().unwrap().join("otters");
    fs::create_dir(&real).unwrap();
    symlink(&real, projects.path().join("alias")).unwrap();
    for path in [real.clone(), projects.path().join("alias")] {
        assert_eq!(workspaces.check_directory(&path).unwrap(), real.to_str().unwrap());
    }
    fs::write(real.join("file"), "x").unwrap();
    let spec = WorkspaceSpec::Directory { path: real.to_str().unwrap().into() };
    let files = workspaces.files(SessionId::new(Uuid::nil()), &spec).unwrap();
    assert_eq!(files.list("").unwrap().entries[0].name, "file");
    assert!(matches!(workspaces.check_directory(&real.join("file")), Err(FileError::NotADirectory(_))));
    assert!(matches!(workspaces.check_directory(&real.join("none")), Err(FileError::NotFound(_))));
    // The directory is replaced by a link after it was checked: it is not what was allowed.
    fs::remove_dir_all(&real).unwrap();
    symlink(data.path(), &real).unwrap();
    assert!(workspaces.files(SessionId::new(Uuid::nil()), &spec).is_err());
}

#[test]
fn what_must_not_be_worked_in_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let real = data.path().canonicalize().unwrap();
    fs::create_dir(real.join("sessions")).unwrap();
    let workspaces = SessionWorkspaces::new(data.path());
    let link = tempfile::tempdir().unwrap().path().join("link");
    fs::create_dir(link.parent().unwrap()).unwrap();
    symlink("/etc", &link).unwrap();
    let inside = real.join("sessions");
    let refused =
        ["/", "/etc", "/usr/share", "/proc", "/proc/self", "/sys", "/dev", "/var", "/boot", "/home", "/tmp", "relative", ""];
    let paths = refused.iter().map(Path::new).chain([&*real, &*inside, &*link, real.parent().unwrap()]);
    for path in paths {
        assert!(matches!(workspaces.check_directory(path), Err(FileError::Refused { .. })), "{path:?}");
    }
    let dotted = real.join("../etc");
    assert!(matches!(workspaces.check_directory(&dotted), Err(FileError::Refused { .. })));
    fs::remove_dir_all(link.parent().unwrap()).unwrap();
}

#[test]
fn a_home_is_refused_and_its_directories_are_not() {
    let (data, home) = (Path::new("/home/ada/.local/share/holt"), Some(Path::new("/home/ada")));
    for refused in
        ["/home/ada", "/home", "/", "/home/ada/.local/share/holt", "/home/ada/.local/share/holt/sessions", "/home/ada/.local"]
    {
        assert!(refusal(Path::new(refused), data, home).is_some(), "{refused}");
    }
    for allowed in ["/home/ada/otters", "/srv/otters", "/opt/project", "/work", "/usrlocal"] {
        assert_eq!(refusal(Path::new(allowed), data, home), None, "{allowed}");
    }
    assert!(refusal(Path::new("/root"), data, None).is_some());
}
