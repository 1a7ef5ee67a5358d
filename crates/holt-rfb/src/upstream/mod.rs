//! The desktop's server, after our handshake with it: its screen is copied, and what viewers do is passed on.
//!
//! It is asked for each update, so a desktop that nobody looks at costs nothing, and it never gets ahead of us.
//!
//! The pointer: while somebody moves it through us, we know its picture and its place. When a program on the desktop moves it,
//! Xvnc draws it into the picture and sends an empty one, so that everybody sees it, until it is moved through us again.

mod input;

use crate::encoding as e;
use crate::handshake::ServerInit;
use crate::message::{ClientMessage, CutText, EncodingList, Monitor, Part, Rectangle, ServerMessage, ServerParts};
use crate::screen::Picture;
use crate::viewer::{ClipboardSide, Said};
use crate::{Error, PixelFormat, Rect, Screen, bounds};

use input::Pressed;

/// What the desktop's server said that concerns others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// An update is complete: viewers can be served.
    Frame,
    /// A sound.
    Bell,
    /// The desktop has something in its clipboard; `fetch_clipboard` asks for it.
    ClipboardOffered,
    /// The text of the desktop's clipboard.
    Clipboard(String),
    /// The size that was asked for is refused, for this reason.
    ResizeRefused(u16),
}

/// The connection to a desktop's server.
#[derive(Debug)]
pub struct Upstream {
    parts: ServerParts,
    awaits_update: bool,
    /// What was asked for last concerned another size.
    stale: bool,
    refused: Option<u16>,
    takes_positions: bool,
    takes_more_buttons: bool,
    pressed: Pressed,
    clipboard: ClipboardSide,
    outgoing: Vec<u8>,
}

impl Upstream {
    /// After the handshake. What has to be sent waits in `outgoing`.
    pub fn new(init: &ServerInit) -> (Self, Screen) {
        let mut outgoing = Vec::new();
        ClientMessage::SetPixelFormat(PixelFormat::RGB32).write(&mut outgoing);
        let list: Vec<u8> = e::UPSTREAM.iter().flat_map(|encoding| encoding.to_be_bytes()).collect();
        ClientMessage::SetEncodings(EncodingList::new(&list)).write(&mut outgoing);
        let mut upstream = Self {
            parts: ServerParts::new(init.size, PixelFormat::RGB32),
            awaits_update: false,
            stale: true,
            refused: None,
            takes_positions: false,
            takes_more_buttons: false,
            pressed: Pressed::default(),
            clipboard: ClipboardSide::default(),
            outgoing,
        };
        upstream.ask();
        (upstream, Screen::new(init.size, &init.name))
    }

    /// Asks for the next update, unless one is awaited already. To be called while somebody looks.
    pub fn ask(&mut self) {
        if !std::mem::replace(&mut self.awaits_update, true) {
            let incremental = !std::mem::take(&mut self.stale);
            ClientMessage::UpdateRequest { incremental, area: self.parts.size().rect() }.write(&mut self.outgoing);
        }
    }

    /// What waits to be sent to the desktop's server.
    pub fn outgoing(&mut self) -> Option<Vec<u8>> {
        (!self.outgoing.is_empty()).then(|| std::mem::take(&mut self.outgoing))
    }

    /// Takes from `input` up to the next news, or all of it. The screen follows.
    pub fn next(&mut self, input: &mut &[u8], screen: &mut Screen) -> Result<Option<News>, Error> {
        loop {
            let Some(part) = self.parts.next(input)? else { return Ok(None) };
            let (done, mut news) = (part.update_done, None);
            match part.part {
                Part::Update => screen.begin(),
                Part::Rectangle(of) => {
                    announced(of, &mut self.takes_positions, &mut self.takes_more_buttons);
                    header(of, screen, &mut self.stale)?;
                }
                Part::Content { of, piece } => self.refused = content(of, piece, part.bytes, screen)?.or(self.refused),
                Part::Message(message) => {
                    news = heard(&message, &mut self.clipboard, &mut self.outgoing)?;
                }
            }
            if done {
                // A server may answer with other things first, and nobody is to be shown nothing.
                if screen.is_drawn() {
                    screen.settle();
                }
                self.awaits_update = false;
                news = Some(self.refused.take().map_or(News::Frame, News::ResizeRefused));
            }
            if news.is_some() {
                return Ok(news);
            }
        }
    }

    /// Offers a viewer's clipboard to the desktop.
    pub fn offer_clipboard(&mut self, text: &str) {
        let Self { clipboard, outgoing, .. } = self;
        clipboard.offer(text, |text| ClientMessage::CutText(text).write(outgoing));
    }

    /// Asks for the desktop's clipboard; it comes as news.
    pub fn fetch_clipboard(&mut self) {
        let Self { clipboard, outgoing, .. } = self;
        clipboard.fetch(|text| ClientMessage::CutText(text).write(outgoing));
    }

    /// Bytes of an unfinished piece and of what waits to be sent.
    pub fn held(&self) -> usize {
        self.parts.held() + self.outgoing.len()
    }
}

fn announced(of: Rectangle, positions: &mut bool, more_buttons: &mut bool) {
    *positions |= of.encoding == e::QEMU_KEY;
    *more_buttons |= of.encoding == e::EXTENDED_MOUSE;
}

/// Rectangles that are complete with their header.
fn header(of: Rectangle, screen: &mut Screen, stale: &mut bool) -> Result<(), Error> {
    match of.encoding {
        e::VMWARE_CURSOR_POSITION => screen.move_pointer(of.area.x, of.area.y),
        e::DESKTOP_SIZE => {
            if let Some(size) = of.resize()? {
                *stale |= size != screen.size();
                screen.resize(size, Vec::new());
            }
        }
        e::EXTENDED_DESKTOP_SIZE => *stale |= of.resize()?.is_some_and(|size| size != screen.size()),
        e::CURSOR_WITH_ALPHA | e::DESKTOP_NAME | e::LED_STATE | e::RAW | e::LAST_RECT => {}
        e::QEMU_KEY | e::EXTENDED_MOUSE => {}
        other => return Err(Error::Encoding(other)),
    }
    Ok(())
}

/// Puts content where it belongs; the reason, if it says that a size was refused.
fn content(of: Rectangle, piece: usize, bytes: &[u8], screen: &mut Screen) -> Result<Option<u16>, Error> {
    let Rect { x, y, .. } = of.area;
    match of.encoding {
        e::RAW => screen.write_row(x, y + u16::try_from(piece).unwrap_or(0), bytes)?,
        e::CURSOR_WITH_ALPHA => screen.set_pointer(Picture::new(of.area, &bytes[4..])),
        e::DESKTOP_NAME => screen.set_name(&String::from_utf8_lossy(&bytes[4..])),
        e::LED_STATE => screen.set_lights(bytes[0]),
        e::EXTENDED_DESKTOP_SIZE => match of.resize()? {
            Some(size) => screen.resize(size, Monitor::list(&bytes[4..])),
            None => return Ok(Some(y)),
        },
        _ => {}
    }
    Ok(None)
}

fn heard(message: &ServerMessage<'_>, clipboard: &mut ClipboardSide, out: &mut Vec<u8>) -> Result<Option<News>, Error> {
    match message {
        ServerMessage::Bell => Ok(Some(News::Bell)),
        ServerMessage::CutText(text) => heard_clipboard(text, clipboard, out),
        // It was not told that we know fences, continuous updates or machines that can be turned off.
        _ => Ok(None),
    }
}

fn heard_clipboard(text: &CutText<'_>, clipboard: &mut ClipboardSide, out: &mut Vec<u8>) -> Result<Option<News>, Error> {
    let room = out.len() < bounds::UNREAD;
    let said = clipboard.hear(text, room, |text| ClientMessage::CutText(text).write(out))?;
    if clipboard.can_be_asked() {
        clipboard.begin(|text| ClientMessage::CutText(text).write(out));
    }
    Ok(match said {
        Said::Nothing | Said::Refused => None,
        Said::Offered => Some(News::ClipboardOffered),
        Said::Text(text) => Some(News::Clipboard(text)),
    })
}
