//! The beginning of a connection: versions, security, and what the screen is.
//!
//! Two state machines without sockets. Each is fed bytes and says what to send; what it does not need stays in the input.

mod client;
mod password;
mod server;

pub use client::{ClientHandshake, ClientStep};
pub use server::{Security, ServerHandshake, ServerStep};

use crate::wire::{Put, u16_at, u32_at};
use crate::{Error, PixelFormat, Size, bounds};

/// The version that we speak.
const VERSION: &[u8; 12] = b"RFB 003.008\n";
const NONE: u8 = 1;
const PASSWORD: u8 = 2;

/// The last word of the handshake: what the screen is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInit {
    /// Its size.
    pub size: Size,
    /// How the server likes to write pixels.
    pub format: PixelFormat,
    /// What the desktop is called.
    pub name: String,
}

impl ServerInit {
    const HEADER: usize = 24;

    fn length(head: &[u8]) -> Result<usize, Error> {
        Ok(Self::HEADER + Error::bound("a name", u32_at(head, 20) as usize, bounds::TEXT)?)
    }

    fn read(unit: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            size: Size::new(u16_at(unit, 0), u16_at(unit, 2))?,
            format: PixelFormat::read(&unit[4..20])?,
            name: String::from_utf8_lossy(&unit[Self::HEADER..]).into_owned(),
        })
    }

    /// Writes it as a server does.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.put_u16(self.size.width).put_u16(self.size.height);
        self.format.write(out);
        put_text(&self.name, out);
    }
}

/// A 32 bit length and a text, cut at the bound.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    let mut end = text.len().min(bounds::TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.put_u32(u32::try_from(end).unwrap_or(0)).put(&text.as_bytes()[..end]);
}

/// The minor version that somebody speaks who began so; 8 for everything newer.
fn minor_version(line: &[u8]) -> Result<u16, Error> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok());
    let version = match line {
        [b'R', b'F', b'B', b' ', major @ .., b'\n'] if major.len() == 7 && major[3] == b'.' => {
            number(&major[..3]).zip(number(&major[4..]))
        }
        _ => None,
    };
    match version {
        Some((3, minor @ (7 | 8))) => Ok(minor),
        Some((3, 0..7)) => Ok(3),
        Some((3.., _)) => Ok(8),
        _ => Err(Error::Version(String::from_utf8_lossy(line).into_owned())),
    }
}
