//! What happens on a desktop, as bytes that a viewer would be sent, for whoever keeps them.
//!
//! It begins with all that there is, so that a viewer that is shown it from there shows the same. Then comes what changes, when it is
//! asked for: what happened in between is one change. Nothing is asked of the desktop while nobody asks here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use holt_rfb::encoding as e;
use holt_rfb::handshake::ServerInit;
use holt_rfb::message::{ClientMessage, EncodingList};
use holt_rfb::{Permit, PixelFormat, Rect, Viewer};
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

use crate::Shared;

/// What every viewer in a browser understands, best first.
const ENCODINGS: [i32; 4] = [e::TIGHT, e::RAW, e::DESKTOP_SIZE, e::LAST_RECT];
const NOTHING: Permit = Permit { act: false, clipboard: false };

/// The pictures of a desktop, one after the other.
#[derive(Debug)]
pub struct Frames {
    shared: Arc<Shared>,
    /// As with every viewer, the connection to the desktop ends with the last that holds it.
    _ends: Arc<DropGuard>,
    changed: watch::Receiver<u64>,
    viewer: Viewer,
}

impl Frames {
    pub(crate) fn new(shared: Arc<Shared>, ends: Arc<DropGuard>) -> Self {
        let (changed, size) = (shared.changed.subscribe(), shared.copy().screen.size());
        Self { shared, _ends: ends, changed, viewer: Viewer::new(size) }
    }

    /// Begins anew. Comes back with what a viewer is told first; the next frame is the whole picture.
    pub fn begin(&mut self) -> Bytes {
        let init = {
            let copy = self.shared.copy();
            ServerInit { size: copy.screen.size(), format: PixelFormat::RGB32, name: copy.screen.name().to_owned() }
        };
        self.viewer = Viewer::new(init.size);
        self.viewer.show_pointer(true);
        let list: Vec<u8> = ENCODINGS.iter().flat_map(|encoding| encoding.to_be_bytes()).collect();
        self.say(&ClientMessage::SetPixelFormat(PixelFormat::BROWSER));
        self.say(&ClientMessage::SetEncodings(EncodingList::new(&list)));
        let mut words = Vec::new();
        init.write(&mut words);
        words.into()
    }

    /// The next change, or nothing when the desktop is gone.
    pub async fn next(&mut self) -> Option<[Bytes; 2]> {
        self.say(&ClientMessage::UpdateRequest { incremental: true, area: Rect::default() });
        loop {
            self.changed.borrow_and_update();
            if self.shared.closed.is_cancelled() {
                return None;
            }
            if let Some(update) = self.viewer.update(&mut self.shared.copy().screen) {
                return Some([update.head, update.body]);
            }
            if !self.shared.wanted.swap(true, Ordering::Relaxed) {
                self.shared.wake.notify_one();
            }
            self.changed.changed().await.ok()?;
        }
    }

    /// Whether anybody else looks.
    pub fn is_watched(&self) -> bool {
        self.shared.viewers.load(Ordering::Relaxed) > 0
    }

    /// Returns when the desktop is gone.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }

    fn say(&mut self, message: &ClientMessage<'_>) {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        let mut input = &bytes[..];
        // These are words of ours, and none of them acts.
        while let Ok(Some(_)) = self.viewer.next(&mut input, NOTHING) {}
    }
}
