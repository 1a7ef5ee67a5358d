//! A workspace, or what else is reached through `Files`, as a zip archive that is written while it is read.
//!
//! What cannot go in (links, pipes, what is too large or cannot be read) is named in a file at the end, so that nobody
//! takes a part for the whole.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use holt_core::time::Timestamp;
use holt_core::workspace::{Entry, EntryKind, FileError, Files, OpenFile};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The most that one archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    pub entries: usize,
    /// Of all files together, before they are packed.
    pub bytes: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { entries: 100_000, bytes: 8 << 30 }
    }
}

/// How deep directories are packed.
const MAX_DEPTH: usize = 128;

/// How many names the note of what was left out gives.
const MAX_NOTED: usize = 1_000;

const NOTE: &str = "LEFT-OUT.txt";

/// From this size on, sizes are written in the wider form.
const LARGE: u64 = u32::MAX as u64;

/// Packs everything, within the usual limits.
#[expect(clippy::needless_pass_by_value, reason = "the server calls it through a shared function type")]
pub fn write_zip(files: Arc<dyn Files>, out: &mut dyn Write) -> Result<(), FileError> {
    write_archive(&*files, out, ArchiveLimits::default())
}

/// Packs everything. Fails when it cannot be written, or when the top cannot be listed.
pub fn write_archive(files: &dyn Files, out: impl Write, limits: ArchiveLimits) -> Result<(), FileError> {
    let zip = ZipWriter::new_stream(out);
    let mut packer = Packer { files, zip, left: limits, names: HashSet::new(), left_out: LeftOut::default() };
    packer.directory("", MAX_DEPTH)?;
    packer.note()?;
    packer.zip.finish().map_err(failed)?.into_inner().flush()?;
    Ok(())
}

struct Packer<'a, W: Write> {
    files: &'a dyn Files,
    zip: ZipWriter<StreamWriter<W>>,
    left: ArchiveLimits,
    /// What is in the archive. Two different names may become the same one.
    names: HashSet<String>,
    left_out: LeftOut,
}

#[derive(Default)]
struct LeftOut {
    lines: Vec<String>,
    more: usize,
}

impl LeftOut {
    fn add(&mut self, path: &str, why: &str) {
        if self.lines.len() < MAX_NOTED {
            self.lines.push(format!("{path}: {why}"));
        } else {
            self.more += 1;
        }
    }
}

impl<W: Write> Packer<'_, W> {
    /// Everything beneath a directory, in the order of its listing.
    fn directory(&mut self, path: &str, depth: usize) -> Result<(), FileError> {
        let listing = match self.files.list(path) {
            Ok(listing) => listing,
            Err(error) if path.is_empty() => return Err(error),
            Err(error) => {
                self.left_out.add(path, &format!("it could not be listed ({error})"));
                return Ok(());
            }
        };
        if listing.truncated {
            self.left_out.add(if path.is_empty() { "." } else { path }, "it has more entries than are listed");
        }
        listing.entries.iter().try_for_each(|entry| self.entry(entry, depth))
    }

    fn entry(&mut self, entry: &Entry, depth: usize) -> Result<(), FileError> {
        let path = entry.path.as_str();
        match entry.kind {
            EntryKind::Link => self.left_out.add(path, "it is a link"),
            EntryKind::Other => self.left_out.add(path, "it is not a regular file"),
            _ if self.left.entries == 0 => self.left_out.add(path, "the archive has as many entries as it may"),
            EntryKind::Directory if depth == 0 => self.left_out.add(path, "it lies too deep"),
            EntryKind::Directory => {
                if let Some(name) = self.take_name(path) {
                    self.zip.add_directory(name, options(entry.modified_at, 0o755, 0)).map_err(failed)?;
                }
                self.directory(path, depth - 1)?;
            }
            EntryKind::File => self.file(path)?,
        }
        Ok(())
    }

    /// The name that something has in the archive, once.
    fn take_name(&mut self, path: &str) -> Option<String> {
        // Some programs take a backslash for a separator, and would unpack such a file elsewhere.
        let name = path.replace('\\', "_");
        if self.names.insert(name.clone()) {
            self.left.entries -= 1;
            Some(name)
        } else {
            self.left_out.add(path, "its name is taken by another entry");
            None
        }
    }

    fn file(&mut self, path: &str) -> Result<(), FileError> {
        let open = match self.files.open(path) {
            Ok(open) => open,
            Err(error) => {
                self.left_out.add(path, &format!("it could not be opened ({error})"));
                return Ok(());
            }
        };
        if open.size > self.left.bytes {
            self.left_out.add(path, &format!("with its {} bytes the archive would be too large", open.size));
            return Ok(());
        }
        let Some(name) = self.take_name(path) else { return Ok(()) };
        self.left.bytes -= open.size;
        let mode = open.file.metadata().map_or(0, |found| found.permissions().mode());
        let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
        self.zip.start_file(name, options(open.modified_at, mode, open.size)).map_err(failed)?;
        if let Some(why) = self.copy(open)? {
            self.left_out.add(path, &why);
        }
        Ok(())
    }

    /// As much as the file had when it was opened: what is appended meanwhile is not waited for. Says what is missing.
    fn copy(&mut self, open: OpenFile) -> Result<Option<String>, FileError> {
        let OpenFile { file, size, .. } = open;
        let (mut source, mut piece) = (file.take(size), vec![0; 64 * 1024]);
        let mut copied = 0;
        loop {
            match source.read(&mut piece) {
                Ok(0) if copied < size => return Ok(Some(format!("it shrank while it was read; {copied} bytes are here"))),
                Ok(0) => return Ok(None),
                Ok(count) => {
                    self.zip.write_all(&piece[..count])?;
                    copied += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Some(format!("it could not be read whole ({error}); {copied} bytes are here"))),
            }
        }
    }

    fn note(&mut self) -> Result<(), FileError> {
        let LeftOut { lines, more } = std::mem::take(&mut self.left_out);
        if lines.is_empty() {
            return Ok(());
        }
        let mut name = NOTE.to_owned();
        while !self.names.insert(name.clone()) {
            name.insert(0, '_');
        }
        let mut text = format!("These are not in the archive, or not whole:\n\n{}\n", lines.join("\n"));
        if more > 0 {
            text.push_str(&format!("and {more} more\n"));
        }
        self.zip.start_file(name, options(Timestamp::default(), 0o644, 0)).map_err(failed)?;
        Ok(self.zip.write_all(text.as_bytes())?)
    }
}

fn options(modified_at: Timestamp, mode: u32, size: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(date(modified_at))
        .unix_permissions(mode)
        .large_file(size >= LARGE)
}

/// In UTC. An archive knows no time before 1980 and none after 2107.
fn date(at: Timestamp) -> DateTime {
    let seconds = at.as_millis().div_euclid(1000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(day);
    let part = |number: i64| u8::try_from(number).unwrap_or(0);
    let date = u16::try_from(year).ok().and_then(|year| {
        let (hour, minute, second) = (part(second / 3600), part(second / 60 % 60), part(second % 60));
        DateTime::from_date_and_time(year, part(month), part(day), hour, minute, second).ok()
    });
    date.unwrap_or_default()
}

/// Year, month and day of a number of days since 1970: the years are counted from March, so that the leap day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn failed(error: zip::result::ZipError) -> FileError {
    FileError::Io(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, date) in
            [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_777, (2026, 11, 20)), (-1, (1969, 12, 31))]
        {
            assert_eq!(civil(days), date);
        }
        let shown = date(Timestamp::from_millis(1_795_132_799_000));
        assert_eq!((shown.year(), shown.month(), shown.day(), shown.hour(), shown.minute()), (2026, 11, 19, 23, 59));
        assert_eq!(date(Timestamp::default()), DateTime::default());
    }
}
