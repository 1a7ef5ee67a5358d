//! One viewer after its handshake: what it said, what it saw, and what it is sent next.
//!
//! It is sent an update when it wants one, what it sent before has been read, and there is something that it has not seen. What
//! it may do is decided with every call, so that control can move at any moment.

mod clipboard;
mod compose;

pub use compose::Update;

use bytes::Bytes;

pub(crate) use clipboard::{ClipboardSide, Said};

use crate::encoding::{CONTINUOUS_UPDATES, CURSOR, CURSOR_WITH_ALPHA, EXTENDED_CLIPBOARD, Encodings, FENCE, VMWARE_CURSOR};
use crate::message::{Class, ClientMessage, ClientMessages, CutText, Fence, ServerMessage};
use crate::{Error, PixelFormat, Rect, Screen, Size, bounds};

/// What a viewer may do besides looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permit {
    /// Keys, mouse, size of the screen.
    pub act: bool,
    /// Move the clipboard into the desktop and out of it.
    pub clipboard: bool,
}

/// What is left to do about a viewer's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard<'a> {
    /// Nothing: it was dealt with.
    Nothing,
    /// Nothing: it was not permitted, and is to be counted at most.
    Refused,
    /// To be passed on to the desktop.
    Act(ClientMessage<'a>),
    /// The text of its clipboard.
    Clipboard(String),
}

/// How many updates a viewer with fences may have been sent that it did not confirm yet.
const WINDOW: u8 = 4;

/// A viewer after its handshake.
#[derive(Debug)]
pub struct Viewer {
    messages: ClientMessages,
    state: State,
}

#[derive(Debug)]
struct State {
    format: PixelFormat,
    encodings: Encodings,
    size: Size,
    /// The stamp up to which it saw the screen.
    seen: u64,
    /// The same for everything that is no picture.
    seen_about: u64,
    /// And for the monitors.
    seen_monitors: u64,
    /// What it wants again although it saw it.
    anyway: Rect,
    asked: bool,
    continuous: bool,
    unconfirmed: u8,
    told: Told,
    resizing: Option<u16>,
    shows_pointer: bool,
    clipboard: ClipboardSide,
    replies: Vec<u8>,
}

/// What needs to be said once.
#[derive(Debug, Default)]
struct Told {
    fence: bool,
    continuous: bool,
    keys: bool,
    mouse: bool,
    pointer: bool,
    lights: bool,
}

impl Viewer {
    /// A viewer that was told this size in the handshake.
    pub fn new(size: Size) -> Self {
        let state = State {
            format: PixelFormat::RGB32,
            encodings: Encodings::default(),
            size,
            seen: 0,
            seen_about: 0,
            seen_monitors: 0,
            anyway: Rect::default(),
            asked: false,
            continuous: false,
            unconfirmed: 0,
            told: Told::default(),
            resizing: None,
            shows_pointer: false,
            clipboard: ClipboardSide::default(),
            replies: Vec::new(),
        };
        Self { messages: ClientMessages::new(), state }
    }

    /// Takes the viewer's next message, or `None` when `input` is used up. What is taken is cut off `input`.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8], permit: Permit) -> Result<Option<Heard<'a>>, Error> {
        if self.state.told.mouse {
            self.messages.extend_mouse();
        }
        let Some(message) = self.messages.next(input)? else { return Ok(None) };
        self.state.hear(message, permit).map(Some)
    }

    /// What it lacks, if it can be sent now. To be asked when what was sent before has left, and after every change.
    ///
    /// The answers that wait (`replies`) have to be sent before it.
    pub fn update(&mut self, screen: &mut Screen) -> Option<Update> {
        compose::update(&mut self.state, screen)
    }

    /// Whether the pointer is part of its picture, as for those who only watch, or left to the viewer's own mouse.
    pub fn show_pointer(&mut self, drawn: bool) {
        if drawn != self.state.shows_pointer {
            self.state.shows_pointer = drawn;
            self.state.told.pointer = false;
            self.state.anyway = self.state.size.rect();
        }
    }

    /// Answers that wait to be sent.
    pub fn replies(&mut self) -> Option<Bytes> {
        (!self.state.replies.is_empty()).then(|| std::mem::take(&mut self.state.replies).into())
    }

    /// A sound.
    pub fn bell(&mut self) {
        if self.state.replies.len() < bounds::UNREAD {
            ServerMessage::Bell.write(&mut self.state.replies);
        }
    }

    /// Offers the desktop's clipboard to this viewer.
    pub fn offer_clipboard(&mut self, text: &str) {
        if self.state.replies.len() < bounds::UNREAD {
            let State { clipboard, replies, .. } = &mut self.state;
            clipboard.offer(text, |text| ServerMessage::CutText(text).write(replies));
        }
    }

    /// The size that it asked for was refused, for this reason.
    pub fn resize_refused(&mut self, reason: u16) {
        self.state.resizing = self.state.resizing.map(|_| reason);
    }

    /// Bytes of an unfinished message and of answers that wait.
    pub fn held(&self) -> usize {
        self.messages.held() + self.state.replies.len()
    }
}

/// The desktop's server does not let this viewer change the size.
const PROHIBITED: u16 = 1;
/// It was asked and did not answer yet.
const PENDING: u16 = 0;

impl State {
    fn hear<'a>(&mut self, message: ClientMessage<'a>, permit: Permit) -> Result<Heard<'a>, Error> {
        if let ClientMessage::CutText(text) = &message {
            return self.hear_clipboard(text, permit.clipboard);
        }
        if message.class() == Class::Act {
            return Ok(self.hear_act(message, permit.act));
        }
        match message {
            ClientMessage::SetPixelFormat(format) => {
                // What it has is still right; what comes is written differently.
                self.format = format;
                self.told.pointer = false;
            }
            ClientMessage::SetEncodings(list) => self.understand(list.iter().collect()),
            ClientMessage::UpdateRequest { incremental, area } => {
                self.asked = true;
                if !incremental {
                    self.anyway = self.anyway.around(area);
                }
            }
            ClientMessage::ContinuousUpdates { enable, .. } => self.continue_updates(enable),
            ClientMessage::Fence(fence) => self.fence(fence)?,
            _ => {}
        }
        Ok(Heard::Nothing)
    }

    fn hear_act<'a>(&mut self, message: ClientMessage<'a>, permitted: bool) -> Heard<'a> {
        let resize = matches!(message, ClientMessage::SetDesktopSize { .. });
        if resize {
            self.resizing = Some(if permitted { PENDING } else { PROHIBITED });
        }
        // Machines are not turned off through a picture of them.
        if permitted && !matches!(message, ClientMessage::Xvp { .. }) { Heard::Act(message) } else { Heard::Refused }
    }

    /// Without room for answers nothing is moved. A viewer that has something new is asked for it.
    fn hear_clipboard(&mut self, text: &CutText<'_>, permitted: bool) -> Result<Heard<'static>, Error> {
        let permitted = permitted && self.room().is_ok();
        let Self { clipboard, replies, .. } = self;
        let mut send = |text: CutText<'_>| ServerMessage::CutText(text).write(replies);
        match clipboard.hear(text, permitted, &mut send)? {
            Said::Text(text) => return Ok(Heard::Clipboard(text)),
            Said::Refused => return Ok(Heard::Refused),
            Said::Offered => clipboard.fetch(send),
            Said::Nothing => {}
        }
        Ok(Heard::Nothing)
    }

    fn understand(&mut self, encodings: Encodings) {
        if self.encodings != encodings {
            self.told.pointer = false;
        }
        self.encodings = encodings;
        if encodings.has(FENCE) && !std::mem::replace(&mut self.told.fence, true) {
            Fence { flags: Fence::REQUEST, payload: &[] }.write(&mut self.replies);
        }
        if encodings.has(CONTINUOUS_UPDATES) && !std::mem::replace(&mut self.told.continuous, true) {
            ServerMessage::EndOfContinuousUpdates.write(&mut self.replies);
        }
        if encodings.has(EXTENDED_CLIPBOARD) {
            let Self { clipboard, replies, .. } = self;
            clipboard.begin(|text| ServerMessage::CutText(text).write(replies));
        }
    }

    fn continue_updates(&mut self, enable: bool) {
        if self.continuous && !enable {
            ServerMessage::EndOfContinuousUpdates.write(&mut self.replies);
        }
        self.continuous = enable;
    }

    /// A question is answered, an answer to one of ours confirms an update. What was sent before is in order anyway.
    fn fence(&mut self, fence: Fence<'_>) -> Result<(), Error> {
        if fence.flags & Fence::REQUEST == 0 {
            self.unconfirmed = self.unconfirmed.saturating_sub(u8::from(!fence.payload.is_empty()));
            return Ok(());
        }
        self.room()?;
        let flags = fence.flags & (Fence::BLOCK_BEFORE | Fence::BLOCK_AFTER);
        Fence { flags, ..fence }.write(&mut self.replies);
        Ok(())
    }

    /// Whether the pointer is part of its picture: it was told so, or has no pointer of its own.
    fn draws_pointer(&self) -> bool {
        self.shows_pointer || ![CURSOR, CURSOR_WITH_ALPHA, VMWARE_CURSOR].into_iter().any(|form| self.encodings.has(form))
    }

    fn room(&self) -> Result<(), Error> {
        if self.replies.len() < bounds::UNREAD { Ok(()) } else { Err(Error::Flood) }
    }
}
