//! From a server to a viewer, except for updates of the screen.

use super::{CutText, Fence};
use crate::wire::{Length, Put, after, u16_at};
use crate::{Error, bounds};

/// A message of a server that is no update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage<'a> {
    /// Colours of a palette.
    ColourMap {
        /// The first that is set.
        first: u16,
        /// Three 16 bit numbers for each.
        colours: &'a [u8],
    },
    /// A sound.
    Bell,
    /// The clipboard.
    CutText(CutText<'a>),
    /// Updates come when they are asked for, from now on.
    EndOfContinuousUpdates,
    /// A fence.
    Fence(Fence<'a>),
    /// About turning the machine off and on.
    Xvp {
        /// Version of that extension.
        version: u8,
        /// What is said.
        code: u8,
    },
}

impl ServerMessage<'_> {
    /// How long the message is that begins here. `bytes` is not empty and no update begins in it.
    pub(super) fn measure(bytes: &[u8]) -> Result<Length, Error> {
        match bytes[0] {
            1 => after(bytes, 6, |head| Ok(6 + 6 * Error::bound("a palette", usize::from(u16_at(head, 4)), 256)?)),
            2 | 150 => Ok(Length::Known(1)),
            3 => after(bytes, CutText::HEADER, CutText::length),
            Fence::TYPE => after(bytes, Fence::HEADER, Fence::length),
            250 => Ok(Length::Known(4)),
            other => Err(Error::Message(other)),
        }
    }

    pub(super) fn read(unit: &[u8]) -> Result<ServerMessage<'_>, Error> {
        Ok(match unit[0] {
            1 => ServerMessage::ColourMap { first: u16_at(unit, 2), colours: &unit[6..] },
            2 => ServerMessage::Bell,
            3 => ServerMessage::CutText(CutText::read(unit)?),
            150 => ServerMessage::EndOfContinuousUpdates,
            Fence::TYPE => ServerMessage::Fence(Fence::read(unit)),
            250 => ServerMessage::Xvp { version: unit[2], code: unit[3] },
            other => return Err(Error::Message(other)),
        })
    }

    /// Writes it as a server does.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::ColourMap { first, colours } => {
                let colours = &colours[..colours.len().min(6 * 256)];
                out.put(&[1, 0]).put_u16(*first).put_u16(u16::try_from(colours.len() / 6).unwrap_or(0)).put(colours);
            }
            Self::Bell => out.push(2),
            Self::CutText(text) => text.write(3, out),
            Self::EndOfContinuousUpdates => out.push(150),
            Self::Fence(fence) => fence.write(out),
            Self::Xvp { version, code } => {
                out.put(&[250, 0, *version, *code]);
            }
        }
    }
}

const _: () = assert!(bounds::CLIPBOARD < i32::MAX as usize);
