//! Reading numbers from a stream that may be cut anywhere, and writing them.
//!
//! `Pieces` is what makes every parser here incremental: a parser only says how long the unit is that begins at a given byte,
//! or how many bytes it must see to know. Units that arrive whole are lent from the input without a copy; one that was cut is
//! put together in a buffer that never grows beyond that unit.

use crate::Error;

/// How long a unit is, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// The unit has this many bytes.
    Known(usize),
    /// At least this many bytes are needed to know, or to know more.
    AtLeast(usize),
}

/// Puts units together from chunks.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    held: Vec<u8>,
    lent: bool,
}

impl Pieces {
    /// The next whole unit, or `None` when the input is used up before its end. Takes nothing beyond the unit.
    pub(crate) fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        measure: impl Fn(&[u8]) -> Result<Length, Error>,
    ) -> Result<Option<&'a [u8]>, Error> {
        if std::mem::take(&mut self.lent) {
            self.held.clear();
        }
        if self.held.is_empty() {
            match measure(input)? {
                Length::Known(length) if length <= input.len() => {
                    let (unit, rest) = input.split_at(length);
                    *input = rest;
                    return Ok(Some(unit));
                }
                _ if input.is_empty() => return Ok(None),
                _ => {}
            }
        }
        self.assemble(input, measure)
    }

    fn assemble(&mut self, input: &mut &[u8], measure: impl Fn(&[u8]) -> Result<Length, Error>) -> Result<Option<&[u8]>, Error> {
        loop {
            let (length, whole) = match measure(&self.held)? {
                Length::Known(length) => (length, true),
                Length::AtLeast(length) => (length.max(self.held.len() + 1), false),
            };
            let missing = length.saturating_sub(self.held.len()).min(input.len());
            let (taken, rest) = input.split_at(missing);
            self.held.extend_from_slice(taken);
            *input = rest;
            if self.held.len() < length {
                return Ok(None);
            }
            if whole {
                self.lent = true;
                return Ok(Some(&self.held));
            }
        }
    }

    /// How many bytes of an unfinished unit are held.
    pub(crate) fn held(&self) -> usize {
        if self.lent { 0 } else { self.held.len() }
    }
}

/// A length that follows from the first `header` bytes.
pub(crate) fn after(bytes: &[u8], header: usize, length: impl FnOnce(&[u8]) -> Result<usize, Error>) -> Result<Length, Error> {
    match bytes.get(..header) {
        Some(head) => length(head).map(Length::Known),
        None => Ok(Length::AtLeast(header)),
    }
}

/// A 16 bit number at `at` of a unit whose length was measured; zero beyond its end.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes)
}

/// A 32 bit number at `at` of a unit whose length was measured; zero beyond its end.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// A signed 32 bit number, likewise.
pub(crate) fn i32_at(bytes: &[u8], at: usize) -> i32 {
    u32_at(bytes, at).cast_signed()
}

/// Appending numbers in network order.
pub(crate) trait Put {
    fn put_u16(&mut self, value: u16) -> &mut Self;
    fn put_u32(&mut self, value: u32) -> &mut Self;
    fn put(&mut self, bytes: &[u8]) -> &mut Self;

    fn put_i32(&mut self, value: i32) -> &mut Self {
        self.put_u32(value.cast_unsigned())
    }
}

impl Put for Vec<u8> {
    fn put_u16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn put_u32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.extend_from_slice(bytes);
        self
    }
}
