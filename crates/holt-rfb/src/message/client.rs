//! From a viewer to a server.

use super::{Clipboard, CutText, Fence, Monitor};
use crate::wire::{Length, Pieces, Put, after, i32_at, u16_at, u32_at};
use crate::{Error, PixelFormat, Rect, bounds};

/// A message of a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// How it wants its pixels.
    SetPixelFormat(PixelFormat),
    /// What it understands, best first.
    SetEncodings(EncodingList<'a>),
    /// It is ready for an update.
    UpdateRequest {
        /// Only what has changed.
        incremental: bool,
        /// Of which part.
        area: Rect,
    },
    /// A key went down or up.
    Key(Key),
    /// The mouse.
    Pointer(Pointer),
    /// The clipboard.
    CutText(CutText<'a>),
    /// Whether it wants updates without asking.
    ContinuousUpdates {
        /// On or off.
        enable: bool,
        /// Of which part.
        area: Rect,
    },
    /// A fence.
    Fence(Fence<'a>),
    /// It wants another size.
    SetDesktopSize {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
        /// How the monitors lie on it.
        monitors: Vec<Monitor>,
    },
    /// It wants the machine off or on.
    Xvp {
        /// Version of that extension.
        version: u8,
        /// What to do.
        operation: u8,
    },
}

/// A key went down or up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Down or up.
    pub down: bool,
    /// What it means, as an X keysym.
    pub keysym: u32,
    /// Where it is on the keyboard, if the viewer says so.
    pub position: Option<u32>,
}

/// Where the mouse is and what is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// One bit for each button, the left one lowest.
    pub buttons: u16,
    /// Whether the viewer wrote it in the longer form.
    pub extended: bool,
}

/// The encodings that a viewer listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingList<'a>(&'a [u8]);

impl<'a> EncodingList<'a> {
    /// From 32 bit numbers in network order. What goes beyond the bound is cut off.
    pub fn new(numbers: &'a [u8]) -> Self {
        Self(&numbers[..(numbers.len() / 4).min(bounds::ENCODINGS) * 4])
    }

    /// One after the other, best first.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.0.chunks_exact(4).map(|four| i32_at(four, 0))
    }
}

/// What a message does to the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It only concerns what this viewer sees.
    Watch,
    /// It touches the desktop or moves its clipboard: only for whoever has control.
    Act,
}

impl ClientMessage<'_> {
    /// Whether somebody who may only look may say this.
    pub fn class(&self) -> Class {
        match self {
            Self::SetPixelFormat(_)
            | Self::SetEncodings(_)
            | Self::UpdateRequest { .. }
            | Self::ContinuousUpdates { .. }
            | Self::Fence(_)
            | Self::CutText(CutText::Extended(Clipboard::Caps { .. })) => Class::Watch,
            Self::Key(_) | Self::Pointer(_) | Self::CutText(_) | Self::SetDesktopSize { .. } | Self::Xvp { .. } => Class::Act,
        }
    }

    /// Writes it as a viewer does.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::SetPixelFormat(format) => format.write(out.put(&[0; 4])),
            Self::SetEncodings(list) => {
                out.put(&[2, 0]).put_u16(u16::try_from(list.0.len() / 4).unwrap_or(0)).put(list.0);
            }
            Self::UpdateRequest { incremental, area } => area.write(out.put(&[3, u8::from(*incremental)])),
            Self::Key(key) => key.write(out),
            Self::Pointer(pointer) => pointer.write(out),
            Self::CutText(text) => text.write(6, out),
            Self::ContinuousUpdates { enable, area } => area.write(out.put(&[150, u8::from(*enable)])),
            Self::Fence(fence) => fence.write(out),
            Self::SetDesktopSize { width, height, monitors } => {
                let monitors = &monitors[..monitors.len().min(bounds::MONITORS)];
                out.put(&[251, 0]).put_u16(*width).put_u16(*height).put(&[u8::try_from(monitors.len()).unwrap_or(0), 0]);
                monitors.iter().for_each(|monitor| monitor.write(out));
            }
            Self::Xvp { version, operation } => {
                out.put(&[250, 0, *version, *operation]);
            }
        }
    }
}

impl Key {
    fn write(self, out: &mut Vec<u8>) {
        match self.position {
            Some(position) => {
                out.put(&[255, 0]).put_u16(u16::from(self.down)).put_u32(self.keysym).put_u32(position);
            }
            None => {
                out.put(&[4, u8::from(self.down), 0, 0]).put_u32(self.keysym);
            }
        }
    }
}

impl Pointer {
    fn write(self, out: &mut Vec<u8>) {
        let [high, low] = self.buttons.to_be_bytes();
        if self.extended {
            let (first, second) = (low & 0x7f | 0x80, high << 1 | low >> 7);
            out.put(&[5, first]).put_u16(self.x).put_u16(self.y).put(&[second]);
        } else {
            out.put(&[5, low]).put_u16(self.x).put_u16(self.y);
        }
    }
}

/// Takes a viewer's messages from its bytes.
#[derive(Debug, Default)]
pub struct ClientMessages {
    pieces: Pieces,
    extended_mouse: bool,
}

impl ClientMessages {
    /// A viewer after its handshake.
    pub fn new() -> Self {
        Self::default()
    }

    /// The viewer was told that it may send more than eight buttons: from now on the highest bit means that it does.
    pub fn extend_mouse(&mut self) {
        self.extended_mouse = true;
    }

    /// The next message, or `None` when `input` is used up. What is taken is cut off `input`.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<ClientMessage<'a>>, Error> {
        let extended = self.extended_mouse;
        let unit = self.pieces.next(input, |bytes| measure(bytes, extended))?;
        unit.map(|unit| read(unit, extended)).transpose()
    }

    /// How many bytes of an unfinished message are held.
    pub fn held(&self) -> usize {
        self.pieces.held()
    }
}

fn measure(bytes: &[u8], extended_mouse: bool) -> Result<Length, Error> {
    let Some(&kind) = bytes.first() else { return Ok(Length::AtLeast(1)) };
    let fixed = |length| Ok(Length::Known(length));
    match kind {
        0 => fixed(20),
        2 => after(bytes, 4, |head| {
            Ok(4 + 4 * Error::bound("a list of encodings", usize::from(u16_at(head, 2)), bounds::ENCODINGS)?)
        }),
        3 | 150 => fixed(10),
        4 => fixed(8),
        5 => after(bytes, 2, |head| Ok(if extended_mouse && head[1] & 0x80 != 0 { 7 } else { 6 })),
        6 => after(bytes, CutText::HEADER, CutText::length),
        Fence::TYPE => after(bytes, Fence::HEADER, Fence::length),
        250 => fixed(4),
        251 => after(bytes, 8, |head| {
            Ok(8 + Monitor::LENGTH * Error::bound("a list of monitors", usize::from(head[6]), bounds::MONITORS)?)
        }),
        255 => {
            after(bytes, 2, |head| if head[1] == 0 { Ok(12) } else { Err(Error::Malformed("a QEMU message other than a key")) })
        }
        other => Err(Error::Message(other)),
    }
}

fn read(unit: &[u8], extended_mouse: bool) -> Result<ClientMessage<'_>, Error> {
    Ok(match unit[0] {
        0 => ClientMessage::SetPixelFormat(PixelFormat::read(&unit[4..])?),
        2 => ClientMessage::SetEncodings(EncodingList(&unit[4..])),
        3 => ClientMessage::UpdateRequest { incremental: unit[1] != 0, area: Rect::read(&unit[2..]) },
        4 => ClientMessage::Key(Key { down: unit[1] != 0, keysym: u32_at(unit, 4), position: None }),
        5 => ClientMessage::Pointer(pointer(unit, extended_mouse)),
        6 => ClientMessage::CutText(CutText::read(unit)?),
        150 => ClientMessage::ContinuousUpdates { enable: unit[1] != 0, area: Rect::read(&unit[2..]) },
        Fence::TYPE => ClientMessage::Fence(Fence::read(unit)),
        250 => ClientMessage::Xvp { version: unit[2], operation: unit[3] },
        251 => {
            ClientMessage::SetDesktopSize { width: u16_at(unit, 2), height: u16_at(unit, 4), monitors: Monitor::list(&unit[8..]) }
        }
        255 => {
            let (down, keysym) = (u16_at(unit, 2) != 0, u32_at(unit, 4));
            ClientMessage::Key(Key { down, keysym, position: Some(u32_at(unit, 8)) })
        }
        other => return Err(Error::Message(other)),
    })
}

fn pointer(unit: &[u8], extended_mouse: bool) -> Pointer {
    let (x, y, low) = (u16_at(unit, 2), u16_at(unit, 4), u16::from(unit[1]));
    match unit.get(6) {
        Some(high) if extended_mouse => Pointer { x, y, buttons: low & 0x7f | u16::from(*high) << 7, extended: true },
        _ => Pointer { x, y, buttons: low, extended: false },
    }
}
