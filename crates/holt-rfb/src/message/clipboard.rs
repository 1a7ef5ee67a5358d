//! The clipboard, in its two forms: plain Latin-1 that is simply sent, and the extended one in Unicode that is announced,
//! asked for and then provided, compressed. Both look the same in either direction but for the message's type.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::wire::{Put, i32_at, u32_at};
use crate::{Error, bounds};

/// What a clipboard message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CutText<'a> {
    /// Text in Latin-1.
    Plain(&'a [u8]),
    /// A step of the extended clipboard.
    Extended(Clipboard<'a>),
}

/// A step of the extended clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clipboard<'a> {
    /// What its sender can do, and up to which size it takes what it did not ask for.
    Caps {
        /// The actions, as bits of `Action`.
        actions: u32,
        /// The formats, bit 0 being text.
        formats: u16,
        /// One 32 bit size for each format, lowest first.
        sizes: &'a [u8],
    },
    /// Something short: a request, a peek, or a notice of what there is.
    Word {
        /// Which.
        action: Action,
        /// The formats that it is about.
        formats: u16,
    },
    /// The contents.
    Provide(Provided<'a>),
}

/// A short step of the extended clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Send me the contents.
    Request,
    /// Tell me what there is.
    Peek,
    /// This is there now.
    Notify,
}

impl Action {
    const fn bit(self) -> u32 {
        match self {
            Self::Request => 1 << 25,
            Self::Peek => 1 << 26,
            Self::Notify => 1 << 27,
        }
    }
}

const CAPS: u32 = 1 << 24;
const PROVIDE: u32 = 1 << 28;
const TEXT: u16 = 1;
/// What Holt can do.
const OUR_ACTIONS: u32 = CAPS | Action::Request.bit() | Action::Peek.bit() | Action::Notify.bit() | PROVIDE;

/// Contents that were sent, still compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provided<'a> {
    formats: u16,
    packed: &'a [u8],
}

impl CutText<'_> {
    pub(super) const HEADER: usize = 8;

    pub(super) fn length(head: &[u8]) -> Result<usize, Error> {
        let size = usize::try_from(i32_at(head, 4).unsigned_abs()).unwrap_or(usize::MAX);
        Ok(Self::HEADER + Error::bound("a clipboard", size, bounds::CLIPBOARD)?)
    }

    pub(super) fn read(unit: &[u8]) -> Result<CutText<'_>, Error> {
        let body = &unit[Self::HEADER..];
        if i32_at(unit, 4) >= 0 { Ok(CutText::Plain(body)) } else { Clipboard::read(body).map(CutText::Extended) }
    }

    /// Writes it as a message of type 6 (from a viewer) or 3 (from a server).
    pub(crate) fn write(&self, kind: u8, out: &mut Vec<u8>) {
        let begin = out.len();
        out.put(&[kind, 0, 0, 0]).put_u32(0);
        let sign = match self {
            Self::Plain(text) => {
                out.put(&text[..text.len().min(bounds::CLIPBOARD)]);
                1
            }
            Self::Extended(step) => {
                step.write(out);
                -1
            }
        };
        let length = i32::try_from(out.len() - begin - Self::HEADER).unwrap_or(0) * sign;
        out[begin + 4..begin + 8].copy_from_slice(&length.to_be_bytes());
    }
}

impl<'a> Clipboard<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Error> {
        if body.len() < 4 {
            return Err(Error::Malformed("an extended clipboard without flags"));
        }
        let flags = u32_at(body, 0);
        let (actions, rest) = (flags & 0xff00_0000, &body[4..]);
        let formats = u16::try_from(flags & 0xffff).unwrap_or(0);
        if actions & CAPS != 0 {
            return Ok(Self::Caps { actions, formats, sizes: rest });
        }
        if actions == PROVIDE {
            return Ok(Self::Provide(Provided { formats, packed: rest }));
        }
        let known = [Action::Request, Action::Peek, Action::Notify].into_iter().find(|action| action.bit() == actions);
        let action = known.ok_or(Error::Malformed("an unknown step of the extended clipboard"))?;
        Ok(Self::Word { action, formats })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Caps { actions, formats, sizes } => out.put_u32(actions | CAPS | u32::from(*formats)).put(sizes),
            Self::Word { action, formats } => out.put_u32(action.bit() | u32::from(*formats)),
            Self::Provide(provided) => out.put_u32(PROVIDE | u32::from(provided.formats)).put(provided.packed),
        };
    }

    /// What we can do: text only, and nothing that was not asked for.
    pub fn ours() -> Clipboard<'static> {
        Clipboard::Caps { actions: OUR_ACTIONS, formats: TEXT, sizes: &[0; 4] }
    }

    /// A short step about text.
    pub fn text(action: Action) -> Clipboard<'static> {
        Clipboard::Word { action, formats: TEXT }
    }
}

impl<'a> Provided<'a> {
    /// Text that was packed by `pack`.
    pub fn packed(packed: &'a [u8]) -> Self {
        Self { formats: TEXT, packed }
    }

    /// The text of it, if it has any: unpacked within the bound, with plain line ends.
    pub fn text(&self) -> Result<Option<String>, Error> {
        if self.formats & TEXT == 0 {
            return Ok(None);
        }
        let bytes = unpack(self.packed)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.trim_end_matches('\0').replace("\r\n", "\n")))
    }
}

/// Text as the contents of an extended clipboard. What goes beyond the bound is cut off.
pub fn pack(text: &str) -> Vec<u8> {
    let mut end = text.len().min(bounds::CLIPBOARD / 2);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let lines = text[..end].replace("\r\n", "\n").replace('\n', "\r\n");
    let mut plain = Vec::with_capacity(lines.len() + 5);
    plain.put_u32(u32::try_from(lines.len() + 1).unwrap_or(0)).put(lines.as_bytes()).put(&[0]);
    let mut packed = Vec::with_capacity(plain.len() + plain.len() / 512 + 64);
    let mut zlib = Compress::new(Compression::fast(), true);
    while !matches!(
        zlib.compress_vec(&plain[consumed(&zlib)..], &mut packed, FlushCompress::Finish),
        Ok(Status::StreamEnd) | Err(_)
    ) {
        packed.reserve(4096);
    }
    packed
}

fn consumed(zlib: &Compress) -> usize {
    usize::try_from(zlib.total_in()).unwrap_or(usize::MAX)
}

/// The first entry: its length, then as many bytes.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Error> {
    let mut zlib = Decompress::new(true);
    let length = inflate(&mut zlib, packed, 4)?;
    let size = Error::bound("a clipboard", u32_at(&length, 0) as usize, bounds::CLIPBOARD)?;
    let rest = packed.get(usize::try_from(zlib.total_in()).unwrap_or(usize::MAX)..).unwrap_or_default();
    inflate(&mut zlib, rest, size)
}

fn inflate(zlib: &mut Decompress, packed: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let broken = Error::Malformed("a clipboard that cannot be unpacked");
    let (mut plain, mut read, mut written) = (vec![0; size], 0, 0);
    while written < size {
        let (before_in, before_out) = (zlib.total_in(), zlib.total_out());
        let input = packed.get(read..).unwrap_or_default();
        zlib.decompress(input, &mut plain[written..], FlushDecompress::Sync).map_err(|_| broken.clone())?;
        let taken = usize::try_from(zlib.total_in() - before_in).unwrap_or(usize::MAX);
        let given = usize::try_from(zlib.total_out() - before_out).unwrap_or(usize::MAX);
        if taken == 0 && given == 0 {
            return Err(broken);
        }
        (read, written) = (read + taken, written + given);
    }
    Ok(plain)
}
