//! Gives memory back when nothing happens: what the allocator keeps for later, and the parts of the program's own file that
//! only starting, or a burst of work, needed.
//!
//! Nothing is lost by it. The allocator gets new pages when it needs them, and a part of the program that runs again is
//! found in the system's cache, or at worst on the disk. Done only in a pause, so that work in progress never pays for it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often it is looked whether there is something to give, and how often when that was done.
const LOOK: Duration = Duration::from_millis(500);
const RARE_LOOK: Duration = Duration::from_secs(5);

/// In a pause, no more than this part of the time is worked. So many looks in a row make one.
const PAUSE_SHARE: u32 = 100;
const LOOKS: u32 = 4;

/// Work that is worth giving back after.
const WORK: Duration = Duration::from_millis(50);

/// Gives back whenever there was work and then a pause.
pub async fn run() {
    let mut watch = Watch::new(worked());
    loop {
        let pause = if watch.is_done { RARE_LOOK } else { LOOK };
        tokio::time::sleep(pause).await;
        if watch.look(worked(), pause) {
            let given = tokio::task::spawn_blocking(give_back).await;
            if let Ok(Err(error)) = given {
                tracing::debug!(%error, "memory could not be given back");
            }
            watch.given(worked());
        }
    }
}

/// The processor time of this process so far.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// What was seen so far.
#[derive(Debug)]
struct Watch {
    last: Duration,
    at_giving: Duration,
    quiet_looks: u32,
    is_done: bool,
}

impl Watch {
    fn new(worked: Duration) -> Self {
        Self { last: worked, at_giving: Duration::ZERO, quiet_looks: 0, is_done: false }
    }

    /// Whether it is time to give back, when so much was worked until now.
    fn look(&mut self, worked: Duration, since_last: Duration) -> bool {
        let is_quiet = worked.saturating_sub(self.last) <= since_last / PAUSE_SHARE;
        self.last = worked;
        self.quiet_looks = if is_quiet { self.quiet_looks + 1 } else { 0 };
        self.is_done &= worked.saturating_sub(self.at_giving) < WORK;
        !self.is_done && self.quiet_looks >= LOOKS
    }

    /// It was given back, and that took work too.
    fn given(&mut self, worked: Duration) {
        *self = Self { last: worked, at_giving: worked, quiet_looks: 0, is_done: true };
    }
}

fn give_back() -> io::Result<()> {
    system::trim_heap();
    let program = fs::read_link("/proc/self/exe")?;
    for part in unchanged(&fs::read_to_string("/proc/self/smaps")?, &program) {
        system::drop_pages(part)?;
    }
    Ok(())
}

/// Where in memory something is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: usize,
    to: usize,
}

/// The parts of the program's file that are in memory just as in the file: it has no right to write them, and no page of
/// them is its own.
fn unchanged(mappings: &str, program: &Path) -> Vec<Part> {
    let (mut found, mut candidate) = (Vec::new(), None);
    for line in mappings.lines() {
        if let Some(mapping) = read_only(line, program) {
            candidate = mapping;
        } else if let Some(own) = line.strip_prefix("Anonymous:") {
            let is_unchanged = own.split_whitespace().next() == Some("0");
            found.extend(candidate.take().filter(|_| is_unchanged));
        }
    }
    found
}

/// When the line begins a mapping: that, if it is the program's and cannot be written.
fn read_only(line: &str, program: &Path) -> Option<Option<Part>> {
    let mut fields = line.split_ascii_whitespace();
    let (from, to) = fields.next()?.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let part = Part { from: address(from)?, to: address(to)? };
    let rights = fields.next()?;
    let is_ours = fields.nth(3).is_some_and(|path| Path::new(path) == program);
    Some((is_ours && matches!(rights, "r--p" | "r-xp")).then_some(part))
}

/// The two calls for which there is no safe way to say them.
mod system {
    #![expect(unsafe_code, reason = "malloc_trim and madvise are functions of C")]

    use std::io;

    use super::Part;

    /// Gives unused pages of the heap back.
    pub fn trim_heap() {
        #[cfg(target_env = "gnu")]
        // SAFETY: may be called at any time; it changes nothing that is in use.
        unsafe {
            libc::malloc_trim(0);
        }
    }

    /// Drops pages that are in memory just as in the file.
    pub(super) fn drop_pages(part: Part) -> io::Result<()> {
        // SAFETY: the part is one that `unchanged` found: a private mapping of this program's file which nobody may write and
        // of which no page was changed. What is dropped is read again from the same file, which cannot be written while it
        // runs; the program maps and unmaps no part of its own file after it was loaded.
        let dropped = unsafe { libc::madvise(part.from as *mut libc::c_void, part.to - part.from, libc::MADV_DONTNEED) };
        if dropped == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPINGS: &str = "\
55d0c0000000-55d0c0a00000 r--p 00000000 fd:00 1 /opt/holt
Rss: 5000 kB
Private_Dirty: 5000 kB
Anonymous: 0 kB
55d0c0a00000-55d0c1a00000 r-xp 00a00000 fd:00 1 /opt/holt
Anonymous: 0 kB
55d0c1a00000-55d0c1a80000 r--p 01a00000 fd:00 1 /opt/holt
Anonymous: 496 kB
55d0c1a80000-55d0c1a90000 rw-p 01a80000 fd:00 1 /opt/holt
Anonymous: 0 kB
55d0c2000000-55d0c2800000 rw-p 00000000 00:00 0 [heap]
Anonymous: 0 kB
7f0000000000-7f0000100000 r-xp 00000000 fd:00 2 /lib/libc.so.6
Anonymous: 0 kB
";

    #[test]
    fn only_what_is_as_in_the_file_is_dropped() {
        let found = unchanged(MAPPINGS, Path::new("/opt/holt"));
        let expected = [(0x55d0_c000_0000, 0x55d0_c0a0_0000), (0x55d0_c0a0_0000, 0x55d0_c1a0_0000)];
        assert_eq!(found, expected.map(|(from, to)| Part { from, to }));
    }

    #[test]
    fn this_program_runs_on_after_it_gave_back() {
        let program = fs::read_link("/proc/self/exe").unwrap();
        let parts = unchanged(&fs::read_to_string("/proc/self/smaps").unwrap(), &program);
        assert!(parts.len() >= 2, "its code and its constants: {parts:?}");
        give_back().unwrap();
        assert_eq!(Watch::new(Duration::ZERO).quiet_looks, 0);
    }

    #[test]
    fn it_gives_back_once_after_work_and_a_pause() {
        let millis = Duration::from_millis;
        let mut watch = Watch::new(millis(300));
        let mut looks = |worked: u64| watch.look(millis(worked), LOOK);
        assert!(!looks(400), "at work");
        assert!(!(looks(401) || looks(402) || looks(403)), "a short pause");
        assert!(looks(404));
        watch.given(millis(410));
        let mut looks = |worked: u64| watch.look(millis(worked), RARE_LOOK);
        assert!(!(looks(411) || looks(412) || looks(413) || looks(414) || looks(415)), "nothing was done since");
        assert!(!looks(500), "at work");
        assert!(!(looks(501) || looks(502) || looks(503)));
        assert!(looks(504));
    }
}
