//! The first words of a TLS client, as far as they name the server.
//!
//! They may come in pieces of any size; no more of them is taken than [`MAX_HELLO`] bytes.

use crate::target::Name;

/// The most bytes of a first message, with what surrounds it.
pub const MAX_HELLO: usize = 32 * 1024;
const RECORD_HEADER: usize = 5;
const MESSAGE_HEADER: usize = 4;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const LONGEST_RECORD: usize = 1 << 14;
const SERVER_NAME: u16 = 0;

/// What has become known of a client's first words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// More has to come.
    Part,
    /// This is not TLS.
    Other,
    /// It begins like TLS and is not as it should be.
    Malformed,
    /// All of it, with the server's name where it has one.
    Whole(Option<Name>),
}

/// Listens until the name is known.
#[derive(Debug, Default)]
pub struct Listener {
    /// All that was heard, to be passed on.
    raw: Vec<u8>,
    /// Up to where `raw` was understood: always the beginning of a record, or within one.
    at: usize,
    /// How much of the record at `at` is still to come.
    left: usize,
    /// The message, without what surrounds it.
    message: Vec<u8>,
}

impl Listener {
    /// All that was heard so far.
    pub fn heard(&self) -> &[u8] {
        &self.raw
    }

    /// Hears more.
    pub fn hear(&mut self, bytes: &[u8]) -> Heard {
        self.raw.extend_from_slice(bytes);
        if self.raw.first().is_some_and(|first| *first != HANDSHAKE) {
            return Heard::Other;
        }
        while let Some(taken) = self.take() {
            if !taken {
                return Heard::Malformed;
            }
        }
        match self.whole() {
            Some(heard) => heard,
            None if self.raw.len() >= MAX_HELLO => Heard::Malformed,
            None => Heard::Part,
        }
    }

    /// Takes a record's header, or what is there of a record; false when it is none that may stand here.
    fn take(&mut self) -> Option<bool> {
        if self.left == 0 {
            let header: [u8; RECORD_HEADER] = self.raw.get(self.at..self.at + RECORD_HEADER)?.try_into().ok()?;
            // A message that is whole is looked at before anything that comes after it.
            if self.is_whole() {
                return None;
            }
            let [kind, major, _, high, low] = header;
            let length = usize::from(u16::from_be_bytes([high, low]));
            if kind != HANDSHAKE || major != 3 || length == 0 || length > LONGEST_RECORD {
                return Some(false);
            }
            (self.at, self.left) = (self.at + RECORD_HEADER, length);
        }
        let there = &self.raw[self.at..];
        let take = there.len().min(self.left);
        if take == 0 {
            return None;
        }
        self.message.extend_from_slice(&there[..take]);
        (self.at, self.left) = (self.at + take, self.left - take);
        Some(true)
    }

    fn length(&self) -> Option<usize> {
        let [_, a, b, c] = *self.message.first_chunk::<MESSAGE_HEADER>()?;
        Some(MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize)
    }

    fn is_whole(&self) -> bool {
        self.length().is_some_and(|length| self.message.len() >= length)
    }

    fn whole(&self) -> Option<Heard> {
        let kind = *self.message.first()?;
        if kind != CLIENT_HELLO {
            return Some(Heard::Malformed);
        }
        let length = self.length()?;
        if length > MAX_HELLO {
            return Some(Heard::Malformed);
        }
        let body = self.message.get(MESSAGE_HEADER..length)?;
        Some(server_name(body).map_or(Heard::Malformed, Heard::Whole))
    }
}

/// The server's name in a client's first message; none when the message is not well formed.
fn server_name(body: &[u8]) -> Option<Option<Name>> {
    let mut rest = Reader(body);
    // Version, and a random number.
    rest.take(2 + 32)?;
    // An earlier session, the ciphers, the compressions.
    let (session, ciphers, compressions) = (rest.short()?, rest.long()?, rest.short()?);
    if session.0.len() > 32 || ciphers.0.is_empty() || compressions.0.is_empty() {
        return None;
    }
    if rest.0.is_empty() {
        return Some(None);
    }
    let mut extensions = rest.long()?;
    if !rest.0.is_empty() {
        return None;
    }
    let mut name = None;
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let content = extensions.long()?;
        if kind == SERVER_NAME {
            // Two of them could be read in two ways.
            if name.is_some() {
                return None;
            }
            name = Some(only_name(content)?);
        }
    }
    Some(name)
}

/// A list with exactly one name.
fn only_name(mut content: Reader<'_>) -> Option<Name> {
    let mut list = content.long()?;
    let kind = *list.take(1)?.first()?;
    let name = list.long()?;
    if kind != 0 || !list.0.is_empty() || !content.0.is_empty() {
        return None;
    }
    std::str::from_utf8(name.0).ok()?.parse().ok()
}

/// Takes from the front of bytes; none when they end too soon.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// What a length of one byte stands before.
    fn short(&mut self) -> Option<Self> {
        let length = usize::from(*self.take(1)?.first()?);
        self.take(length).map(Self)
    }

    /// What a length of two bytes stands before.
    fn long(&mut self) -> Option<Self> {
        let length = usize::from(self.number()?);
        self.take(length).map(Self)
    }
}

#[cfg(test)]
mod tests;
