//! The terminals that are being watched: one reader for each, however many watch.
//!
//! While somebody watches a terminal, what it puts out is kept and drawn here once, and every viewer is served from that by
//! itself: a slow one delays nobody, and whoever comes late sees the present screen.

mod picture;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use holt_core::id::TerminalId;
use holt_core::terminal::{Terminal, TerminalSize};
use holt_engine::TerminalLine;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use picture::Picture;
pub(crate) use picture::{Ended, Next};

#[derive(Debug, Default)]
pub(crate) struct Terminals {
    live: Mutex<HashMap<TerminalId, Weak<Live>>>,
}

/// A terminal that somebody watches.
#[derive(Debug)]
pub(crate) struct Live {
    shared: Arc<Shared>,
    _reads: DropGuard,
}

#[derive(Debug)]
struct Shared {
    picture: Mutex<Picture>,
    /// Grows with whatever viewers may have to be told of.
    changed: watch::Sender<u64>,
    /// Everybody who sees the session sees it.
    for_all: watch::Sender<bool>,
}

impl Terminals {
    /// The terminal, read from now on if nobody did so far.
    pub fn watch(&self, terminal: &Terminal, line: &TerminalLine) -> Arc<Live> {
        let mut live = self.lock();
        live.retain(|_, live| live.strong_count() > 0);
        if let Some(known) = live.get(&terminal.id).and_then(Weak::upgrade) {
            return known;
        }
        let new = Arc::new(Live::start(terminal, line.clone()));
        live.insert(terminal.id, Arc::downgrade(&new));
        new
    }

    /// Who sees it has been decided anew.
    pub fn changed(&self, terminal: &Terminal) {
        let live = self.lock().get(&terminal.id).and_then(Weak::upgrade);
        if let Some(live) = live {
            live.shared.for_all.send_replace(terminal.shared);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TerminalId, Weak<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn start(terminal: &Terminal, line: TerminalLine) -> Self {
        let shared = Arc::new(Shared {
            picture: Mutex::new(Picture::new(terminal.kept_from, terminal.size)),
            changed: watch::Sender::new(0),
            for_all: watch::Sender::new(terminal.shared),
        });
        let ends = CancellationToken::new();
        let (reading, ended) = (Arc::clone(&shared), ends.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = read(&reading, &line) => {}
                () = ended.cancelled() => {}
            }
        });
        Self { shared, _reads: ends.drop_guard() }
    }

    /// Tells whenever a viewer may have to be told something.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    pub fn for_all(&self) -> watch::Receiver<bool> {
        self.shared.for_all.subscribe()
    }

    /// Whether everything from this byte on is kept.
    pub fn has(&self, offset: u64) -> bool {
        self.shared.picture().has(offset)
    }

    pub fn next(&self, at: u64) -> Next {
        self.shared.picture().next(at)
    }

    /// What draws the present screen, and the byte that comes after it.
    pub fn screen(&self) -> (u64, Vec<u8>) {
        let mut picture = self.shared.picture();
        (picture.written(), picture.screen())
    }

    pub fn size(&self) -> TerminalSize {
        self.shared.picture().size
    }

    /// It has this size now.
    pub fn resized(&self, size: TerminalSize) {
        self.shared.picture().resize(size);
        self.shared.tell();
    }

    /// Waits until everything has been read that the terminal had put out so far.
    pub async fn caught_up(&self, written: u64) {
        let is_there = |_: &u64| {
            let picture = self.shared.picture();
            picture.written() >= written || picture.ended.is_some()
        };
        let _ = self.changes().wait_for(is_there).await;
    }
}

impl Shared {
    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Reads a terminal for as long as somebody watches it.
async fn read(shared: &Shared, line: &TerminalLine) {
    let mut at = shared.picture().written();
    loop {
        let ended = match line.read(at).await {
            Ok(output) => {
                if !output.bytes.is_empty() {
                    at = output.from + output.bytes.len() as u64;
                    shared.picture().take(output.from, &output.bytes);
                }
                output.exit.map(Ended::Exit)
            }
            Err(error) => {
                tracing::debug!(%error, "a terminal is gone");
                Some(Ended::Closed)
            }
        };
        shared.picture().ended = ended;
        shared.tell();
        if ended.is_some() {
            return;
        }
    }
}
