//! A workspace as one archive that any program can unpack.

use std::fs;
use std::io::{Cursor, Read as _, Write};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use holt_core::workspace::{FileError, Files, Incoming, Listing, OpenFile};
use holt_sandbox::workspace::{ArchiveLimits, write_archive};
use zip::ZipArchive;

use crate::yard::Yard;

fn packed(files: &dyn Files, limits: ArchiveLimits) -> Vec<u8> {
    let mut out = Vec::new();
    write_archive(files, &mut out, limits).unwrap();
    out
}

fn names(archive: &[u8]) -> Vec<String> {
    ZipArchive::new(Cursor::new(archive)).unwrap().file_names().map(|name| name.unwrap().into_owned()).collect()
}

fn text(archive: &[u8], name: &str) -> String {
    let mut text = String::new();
    ZipArchive::new(Cursor::new(archive)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn filled() -> Yard {
    let yard = Yard::new();
    yard.write("index.html", "<h1>otters</h1>");
    yard.write("src/main.rs", &"fn main() {}\n".repeat(10_000));
    yard.write("src/Grüße 🦦.txt", "hello");
    yard.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(yard.path("run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::create_dir(yard.path("empty")).unwrap();
    yard
}

#[test]
fn it_holds_every_file_and_directory_in_order() {
    let archive = packed(&*filled().files, ArchiveLimits::default());
    let expected = ["empty/", "src/", "src/Grüße 🦦.txt", "src/main.rs", "index.html", "run.sh"];
    assert_eq!(names(&archive), expected);
    assert_eq!(text(&archive, "src/main.rs").len(), 130_000);
    assert_eq!(text(&archive, "src/Grüße 🦦.txt"), "hello");
    assert!(archive.len() < 20_000, "it is compressed");
    let mut zip = ZipArchive::new(Cursor::new(&archive)).unwrap();
    assert_eq!(zip.by_name("run.sh").unwrap().unix_mode().unwrap() & 0o7777, 0o755);
    assert_eq!(zip.by_name("index.html").unwrap().unix_mode().unwrap() & 0o7777, 0o644);
}

#[test]
fn the_same_workspace_makes_the_same_archive() {
    let yard = filled();
    assert_eq!(packed(&*yard.files, ArchiveLimits::default()), packed(&*yard.files, ArchiveLimits::default()));
}

#[test]
fn other_programs_unpack_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("workspace.zip");
    fs::write(&path, packed(&*filled().files, ArchiveLimits::default())).unwrap();
    let programs: [&[&str]; 2] = [&["python3", "-m", "zipfile", "-t"], &["unzip", "-tq"]];
    let mut tried = 0;
    for program in programs {
        let Ok(output) = Command::new(program[0]).args(&program[1..]).arg(&path).output() else { continue };
        assert!(output.status.success(), "{program:?}: {output:?}");
        tried += 1;
    }
    assert!(tried > 0, "neither python3 nor unzip is here to try it");
}

#[test]
fn what_is_left_out_is_said() {
    let yard = Yard::new();
    yard.write("good", "x");
    yard.write("a\\b", "x");
    yard.write("a_b", "x");
    yard.write("bad\nname", "x");
    yard.write("LEFT-OUT.txt", "mine");
    symlink("good", yard.path("link")).unwrap();
    symlink("/etc", yard.path("etc")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, yard.path("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    fs::File::create(yard.path("giant")).unwrap().set_len(1 << 40).unwrap();
    let archive = packed(&*yard.files, ArchiveLimits::default());
    assert_eq!(names(&archive), ["LEFT-OUT.txt", "a_b", "good", "_LEFT-OUT.txt"]);
    assert_eq!(text(&archive, "LEFT-OUT.txt"), "mine");
    let note = text(&archive, "_LEFT-OUT.txt");
    for line in
        ["link: it is a link", "etc: it is a link", "pipe: it is not a regular file", "giant: with its 1099511627776 bytes"]
    {
        assert!(note.contains(line), "{line} in {note}");
    }
    assert!(note.contains("a_b: its name is taken"), "{note}");
    assert!(note.contains("bad\u{fffd}name: it could not be opened"), "{note}");
}

#[test]
fn it_is_bounded() {
    let yard = Yard::new();
    for number in 0..20 {
        yard.write(&format!("{number:02}"), &"x".repeat(100));
    }
    let few = packed(&*yard.files, ArchiveLimits { entries: 5, bytes: 1 << 20 });
    assert_eq!(names(&few), ["00", "01", "02", "03", "04", "LEFT-OUT.txt"]);
    assert_eq!(text(&few, "LEFT-OUT.txt").matches("as many entries as it may").count(), 15);
    let small = packed(&*yard.files, ArchiveLimits { entries: 100, bytes: 350 });
    assert_eq!(names(&small), ["00", "01", "02", "LEFT-OUT.txt"]);
}

#[test]
fn an_empty_workspace_is_an_empty_archive() {
    assert!(names(&packed(&*Yard::unmade().files, ArchiveLimits::default())).is_empty());
}

/// A file that is changed between its opening and its reading.
struct Changing {
    yard: Yard,
    to: u64,
}

impl Files for Changing {
    fn open(&self, path: &str) -> Result<OpenFile, FileError> {
        let open = self.yard.files.open(path)?;
        fs::OpenOptions::new().write(true).open(self.yard.path(path)).unwrap().set_len(self.to).unwrap();
        Ok(open)
    }

    fn list(&self, path: &str) -> Result<Listing, FileError> {
        self.yard.files.list(path)
    }

    fn walk(&self, path: &str, limit: usize) -> Result<Listing, FileError> {
        self.yard.files.walk(path, limit)
    }

    fn receive(&self, path: &str, limit: u64) -> Result<Box<dyn Incoming>, FileError> {
        self.yard.files.receive(path, limit)
    }

    fn create_directory(&self, path: &str) -> Result<(), FileError> {
        self.yard.files.create_directory(path)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        self.yard.files.remove(path)
    }
}

#[test]
fn a_file_that_changes_while_it_is_packed_does_not_break_the_archive() {
    for (to, expected, is_noted) in [(3, 3, true), (1 << 40, 100, false), (100, 100, false)] {
        let yard = Yard::new();
        yard.write("file", &"x".repeat(100));
        let archive = packed(&Changing { yard, to }, ArchiveLimits::default());
        assert_eq!(text(&archive, "file").len(), expected);
        assert_eq!(names(&archive).len() == 2, is_noted);
        if is_noted {
            assert!(text(&archive, "LEFT-OUT.txt").contains("file: it shrank while it was read; 3 bytes are here"));
        }
    }
}

#[test]
fn it_stops_when_nobody_takes_it() {
    struct Gone(usize);
    impl Write for Gone {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for room in [0, 10, 100, 200] {
        assert!(matches!(write_archive(&*filled().files, Gone(room), ArchiveLimits::default()), Err(FileError::Io(_))), "{room}");
    }
}
