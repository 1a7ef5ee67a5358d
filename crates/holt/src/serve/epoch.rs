//! A number that grows with each start, so that keepers can tell a newer server from an older one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::failure::{Exit, Failure};
use crate::show::words::now;

const FILE: &str = "epoch";

/// The next number. It is on the disk before anybody sees it. The caller holds the data directory's lock.
pub fn next(data_dir: &Path) -> Result<u64, Failure> {
    let path = data_dir.join(FILE);
    let last = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(0),
        Err(_) => None,
    };
    // Without a readable number, the clock gives one that is greater than any count of starts.
    let next = last.unwrap_or_else(|| now().as_millis().unsigned_abs()).saturating_add(1);
    write(&path, next).map_err(|error| {
        let message = format!("the data directory {} cannot be written: {error}", data_dir.display());
        Failure::new(Exit::DataDirUnusable, "data_dir_unwritable", message, "Mend its permissions or its disk.")
    })?;
    Ok(next)
}

fn write(path: &Path, number: u64) -> io::Result<()> {
    let part = path.with_extension("new");
    let mut file = File::create(&part)?;
    writeln!(file, "{number}")?;
    file.sync_data()?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_grows() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!((next(directory.path()), next(directory.path())), (Ok(1), Ok(2)));
        fs::write(directory.path().join(FILE), "gar\0bage").unwrap();
        let third = next(directory.path()).unwrap();
        assert!(third > 1_000_000_000_000);
        assert_eq!(next(directory.path()), Ok(third + 1));
    }
}
