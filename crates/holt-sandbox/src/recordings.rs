//! Recordings of desktops, beside what sessions handed out: below the data directory, where no sandbox reaches, and removed with
//! the session.
//!
//! A segment has its place and times in its name once it is finished: `00000007-1700000000000-1700000060000`. One that is not says only
//! when it began, and is read through to find how much of it is whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::recording::{HEAD_BYTES, MAGIC, PIECE_HEAD_BYTES, Recordings, Segment, SegmentWriter};
use holt_core::time::Timestamp;
use holt_core::workspace::{FileError, OpenFile};
use rustix::fs::OFlags;

/// The name of the directory among a session's artifacts, whose names are all hashes.
const DIRECTORY: &str = "recording";

/// Keeps the recordings of all sessions.
#[derive(Debug, Clone)]
pub struct RecordingStore {
    artifacts: PathBuf,
}

/// A segment by its name.
#[derive(Debug, Clone, Copy)]
struct Named {
    number: u64,
    from: Timestamp,
    /// Absent as long as it is being written.
    to: Option<Timestamp>,
}

impl Named {
    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('-').map(|part| part.parse::<i64>().ok());
        let (number, from, to) = (parts.next()??, parts.next()??, parts.next());
        let to = to.map(|to| to.map(Timestamp::from_millis));
        (number > 0 && parts.next().is_none() && to != Some(None)).then_some(())?;
        Some(Self { number: number.cast_unsigned(), from: Timestamp::from_millis(from), to: to.flatten() })
    }

    fn name(self) -> String {
        let begun = format!("{:08}-{}", self.number, self.from.as_millis());
        self.to.map_or(begun.clone(), |to| format!("{begun}-{}", to.as_millis()))
    }
}

impl RecordingStore {
    pub fn new(data_dir: &Path) -> Self {
        Self { artifacts: data_dir.join("artifacts") }
    }

    fn directory(&self, session: SessionId) -> PathBuf {
        self.artifacts.join(session.to_string()).join(DIRECTORY)
    }

    fn names(&self, session: SessionId) -> Result<Vec<Named>, FileError> {
        let entries = match fs::read_dir(self.directory(session)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let names = entries.filter_map(|entry| Named::parse(entry.ok()?.file_name().to_str()?));
        let mut names: Vec<Named> = names.collect();
        names.sort_by_key(|named| named.number);
        Ok(names)
    }

    fn file(&self, session: SessionId, named: Named) -> Result<File, FileError> {
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let path = self.directory(session).join(named.name());
        OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::NotFound(named.number.to_string()),
            _ => error.into(),
        })
    }

    fn segment(&self, session: SessionId, named: Named) -> Result<Segment, FileError> {
        let file = self.file(session, named)?;
        let Named { number, from, to } = named;
        Ok(match to {
            Some(to) => Segment { number, from, to, bytes: file.metadata()?.len() },
            None => {
                let whole = whole(&file)?;
                Segment { number, from, to: from.plus(std::time::Duration::from_millis(whole.after.into())), bytes: whole.bytes }
            }
        })
    }
}

/// How much of a segment is whole.
struct Whole {
    bytes: u64,
    /// When its last piece came, in milliseconds after its start.
    after: u32,
}

/// Reads from piece to piece. What was written last may be damaged, the rest was there before it.
fn whole(file: &File) -> io::Result<Whole> {
    let length = file.metadata()?.len();
    let (mut whole, mut at) = (Whole { bytes: 0, after: 0 }, HEAD_BYTES);
    if length < HEAD_BYTES {
        return Ok(whole);
    }
    whole.bytes = HEAD_BYTES;
    let mut head = [0; PIECE_HEAD_BYTES];
    while at + PIECE_HEAD_BYTES as u64 <= length {
        file.read_exact_at(&mut head, at)?;
        let [size, sum, after] = numbers(head);
        let end = at + PIECE_HEAD_BYTES as u64 + u64::from(size);
        if end > length || (end + PIECE_HEAD_BYTES as u64 > length && !is_whole(file, at, size, sum)?) {
            break;
        }
        (whole.bytes, whole.after, at) = (end, after, end);
    }
    Ok(whole)
}

fn is_whole(file: &File, at: u64, size: u32, sum: u32) -> io::Result<bool> {
    // From the time on, which the sum covers.
    let mut bytes = vec![0; 4 + size as usize];
    file.read_exact_at(&mut bytes, at + 8)?;
    Ok(crc32c::crc32c(&bytes) == sum)
}

fn numbers(head: [u8; PIECE_HEAD_BYTES]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = head;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes)
}

struct Writer {
    file: File,
    directory: PathBuf,
    named: Named,
    size: u64,
    after: u32,
}

impl SegmentWriter for Writer {
    fn write(&mut self, after_millis: u32, bytes: &[u8]) -> Result<(), FileError> {
        let length = u32::try_from(bytes.len()).map_err(|_| FileError::NoSpace)?;
        let after = after_millis.to_be_bytes();
        let sum = crc32c::crc32c_append(crc32c::crc32c(&after), bytes);
        let mut piece = Vec::with_capacity(PIECE_HEAD_BYTES + bytes.len());
        piece.extend_from_slice(&length.to_be_bytes());
        piece.extend_from_slice(&sum.to_be_bytes());
        piece.extend_from_slice(&after);
        piece.extend_from_slice(bytes);
        self.file.write_all(&piece)?;
        self.size += piece.len() as u64;
        self.after = self.after.max(after_millis);
        Ok(())
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn finish(self: Box<Self>) -> Result<(), FileError> {
        self.file.sync_all()?;
        let to = self.named.from.plus(std::time::Duration::from_millis(self.after.into()));
        let finished = Named { to: Some(to), ..self.named };
        fs::rename(self.directory.join(self.named.name()), self.directory.join(finished.name()))?;
        Ok(())
    }
}

impl Recordings for RecordingStore {
    fn begin(&self, session: SessionId, at: Timestamp) -> Result<Box<dyn SegmentWriter>, FileError> {
        let directory = self.directory(session);
        DirBuilder::new().mode(0o700).recursive(true).create(&directory)?;
        let number = self.names(session)?.last().map_or(1, |last| last.number + 1);
        let named = Named { number, from: at, to: None };
        let path = directory.join(named.name());
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&at.as_millis().to_be_bytes());
        file.write_all(&head)?;
        Ok(Box::new(Writer { file, directory, named, size: head.len() as u64, after: 0 }))
    }

    fn list(&self, session: SessionId) -> Result<Vec<Segment>, FileError> {
        let mut segments = Vec::new();
        for named in self.names(session)? {
            match self.segment(session, named) {
                Ok(segment) => segments.push(segment),
                // It was finished, or removed, meanwhile.
                Err(FileError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(segments)
    }

    fn open(&self, session: SessionId, number: u64) -> Result<OpenFile, FileError> {
        let missing = || FileError::NotFound(number.to_string());
        let named = self.names(session)?.into_iter().find(|named| named.number == number).ok_or_else(missing)?;
        let file = self.file(session, named)?;
        let size = if named.to.is_some() { file.metadata()?.len() } else { whole(&file)?.bytes };
        Ok(OpenFile { file, size, modified_at: named.to.unwrap_or(named.from) })
    }

    fn trim(&self, session: SessionId, limit: u64) -> Result<u64, FileError> {
        let names = self.names(session)?;
        let sizes: Vec<u64> =
            names.iter().map(|named| Ok(self.file(session, *named)?.metadata()?.len())).collect::<Result<_, FileError>>()?;
        let (mut total, mut removed) = (sizes.iter().sum::<u64>(), 0);
        for (named, size) in names.iter().zip(sizes) {
            if total <= limit {
                break;
            }
            fs::remove_file(self.directory(session).join(named.name()))?;
            (total, removed) = (total - size, removed + 1);
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read as _;

    const SESSION: SessionId = SessionId::new(uuid::Uuid::from_u128(7));
    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn read(store: &RecordingStore, number: u64) -> Vec<u8> {
        let open = store.open(SESSION, number).unwrap();
        let mut bytes = Vec::new();
        open.file.take(open.size).read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn pieces(bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
        assert_eq!(bytes[..8], MAGIC);
        let (mut rest, mut pieces) = (&bytes[16..], Vec::new());
        while !rest.is_empty() {
            let [size, sum, after] = numbers(rest[..12].try_into().unwrap());
            let end = 12 + size as usize;
            assert_eq!(crc32c::crc32c(&rest[8..end]), sum);
            pieces.push((after, rest[12..end].to_vec()));
            rest = &rest[end..];
        }
        pieces
    }

    #[test]
    fn a_segment_is_listed_and_read_while_it_is_written_and_after() {
        let data = tempfile::tempdir().unwrap();
        let store = RecordingStore::new(data.path());
        assert_eq!(store.list(SESSION).unwrap(), []);
        let mut writer = store.begin(SESSION, START).unwrap();
        writer.write(0, b"init").unwrap();
        writer.write(1500, b"whole picture").unwrap();
        let so_far = store.list(SESSION).unwrap();
        let to = Timestamp::from_millis(START.as_millis() + 1500);
        assert_eq!(so_far, [Segment { number: 1, from: START, to, bytes: writer.size() }]);
        writer.write(2500, b"").unwrap();
        writer.finish().unwrap();
        let expected = [(0, b"init".to_vec()), (1500, b"whole picture".to_vec()), (2500, Vec::new())];
        assert_eq!(pieces(&read(&store, 1)), expected);
        assert_eq!(store.list(SESSION).unwrap()[0].to.as_millis(), START.as_millis() + 2500);
        assert!(matches!(store.open(SESSION, 2), Err(FileError::NotFound(_))));
    }

    #[test]
    fn the_oldest_segments_go_when_there_are_too_many() {
        let data = tempfile::tempdir().unwrap();
        let store = RecordingStore::new(data.path());
        for _ in 0..4 {
            let mut writer = store.begin(SESSION, START).unwrap();
            writer.write(0, &[0; 1000]).unwrap();
            writer.finish().unwrap();
        }
        assert_eq!(store.trim(SESSION, 2500).unwrap(), 2);
        let numbers: Vec<u64> = store.list(SESSION).unwrap().iter().map(|segment| segment.number).collect();
        assert_eq!(numbers, [3, 4]);
        store.begin(SESSION, START).unwrap().finish().unwrap();
        assert_eq!(store.list(SESSION).unwrap().last().unwrap().number, 5);
    }

    proptest! {
        #[test]
        fn what_was_written_before_a_crash_is_read(sizes in prop::collection::vec(0usize..200, 1..8), cut in 0u64..400, damage in any::<bool>()) {
            let data = tempfile::tempdir().unwrap();
            let store = RecordingStore::new(data.path());
            let mut writer = store.begin(SESSION, START).unwrap();
            let mut ends = vec![writer.size()];
            for (n, size) in sizes.iter().enumerate() {
                writer.write(u32::try_from(n).unwrap(), &vec![7; *size]).unwrap();
                ends.push(writer.size());
            }
            let length = writer.size().saturating_sub(cut).max(HEAD_BYTES);
            drop(writer);
            let path = data.path().join("artifacts").join(SESSION.to_string()).join(DIRECTORY).join(Named { number: 1, from: START, to: None }.name());
            let file = OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(length).unwrap();
            let mut whole = ends.iter().rposition(|end| *end <= length).unwrap();
            if damage && ends[whole] == length && whole > 0 {
                // The last piece's bytes never reached the disk.
                file.write_all_at(&[0xff], length - 1).unwrap();
                whole -= 1;
            }
            let read = pieces(&read(&store, 1));
            prop_assert_eq!(read.len(), whole);
            prop_assert!(read.iter().zip(&sizes).all(|((_, bytes), size)| bytes.len() == *size));
            prop_assert_eq!(store.begin(SESSION, START).unwrap().size(), HEAD_BYTES);
            prop_assert_eq!(store.list(SESSION).unwrap().len(), 2);
        }
    }
}
