//! How a pixel is written, and turning ours into a viewer's.
//!
//! Inside this crate a pixel is `0x00RRGGBB`.

use crate::Error;
use crate::wire::{Put, u16_at};

/// The layout of a pixel on the wire. Only true colour: a palette would have to be agreed on first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelFormat {
    bits: u8,
    depth: u8,
    big_endian: bool,
    max: [u16; 3],
    shift: [u8; 3],
}

impl PixelFormat {
    /// How many bytes it takes on the wire.
    pub const LENGTH: usize = 16;

    /// 32 bits, little-endian, `0x00RRGGBB`: what is asked of the desktop's server, and offered to viewers.
    pub const RGB32: Self = Self { bits: 32, depth: 24, big_endian: false, max: [255; 3], shift: [16, 8, 0] };

    /// The same with red and blue changed: what viewers in browsers ask for.
    pub const BROWSER: Self = Self { shift: [0, 8, 16], ..Self::RGB32 };

    /// Reads one. `bytes` has 16.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let [bits, depth, big, colour, ..] = *bytes else { return Err(Error::Malformed("a pixel format that is cut off")) };
        let format = Self {
            bits,
            depth,
            big_endian: big != 0,
            max: [u16_at(bytes, 4), u16_at(bytes, 6), u16_at(bytes, 8)],
            shift: [10, 11, 12].map(|at| bytes.get(at).copied().unwrap_or(0)),
        };
        if colour == 0 {
            return Err(Error::PixelFormat("only true colour, no palettes"));
        }
        format.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if !matches!(self.bits, 8 | 16 | 32) {
            return Err(Error::PixelFormat("a pixel has 8, 16 or 32 bits"));
        }
        if self.depth == 0 || self.depth > self.bits {
            return Err(Error::PixelFormat("the depth does not fit into a pixel"));
        }
        for (max, shift) in self.max.into_iter().zip(self.shift) {
            if max == 0 || max & max.wrapping_add(1) != 0 {
                return Err(Error::PixelFormat("a colour's largest value is not 1, 3, 7 and so on"));
            }
            if u32::from(shift) + max.count_ones() > u32::from(self.bits) {
                return Err(Error::PixelFormat("a colour lies outside the pixel"));
            }
        }
        Ok(self)
    }

    /// Writes it as it is on the wire.
    pub fn write(self, out: &mut Vec<u8>) {
        out.put(&[self.bits, self.depth, u8::from(self.big_endian), 1]);
        for max in self.max {
            out.put_u16(max);
        }
        out.put(&self.shift).put(&[0; 3]);
    }

    /// Bytes of a pixel.
    pub fn size(self) -> usize {
        usize::from(self.bits / 8)
    }

    /// Whether Tight writes a pixel as the three bytes red, green, blue.
    pub fn is_packed(self) -> bool {
        self.bits == 32 && self.depth == 24 && self.max == [255; 3]
    }

    /// Bytes of a pixel within a Tight rectangle.
    pub fn tight_size(self) -> usize {
        if self.is_packed() { 3 } else { self.size() }
    }

    /// Bytes of a pixel within a TRLE or ZRLE tile: three where one of four is always unused.
    pub fn run_length_size(self) -> usize {
        let used = self.max.into_iter().zip(self.shift).fold(0_u32, |used, (max, shift)| used | (u32::from(max) << shift));
        let spare = used & 0xff00_0000 == 0 || used & 0x0000_00ff == 0;
        if self.bits == 32 && self.depth <= 24 && spare { 3 } else { self.size() }
    }

    /// Appends one of our pixels in this format.
    pub(crate) fn push(self, pixel: u32, out: &mut Vec<u8>) {
        let value = self.value(pixel);
        let bytes = value.to_be_bytes();
        match (self.bits, self.big_endian) {
            (8, _) => out.push(bytes[3]),
            (16, true) => out.extend_from_slice(&bytes[2..]),
            (16, false) => out.extend([bytes[3], bytes[2]]),
            (_, true) => out.extend_from_slice(&bytes),
            (_, false) => out.extend(value.to_le_bytes()),
        }
    }

    /// Appends many. Those that are as ours are copied.
    pub(crate) fn push_all(self, pixels: &[u32], out: &mut Vec<u8>) {
        if self != Self::RGB32 {
            return pixels.iter().for_each(|pixel| self.push(*pixel, out));
        }
        let begin = out.len();
        out.resize(begin + pixels.len() * 4, 0);
        for (four, pixel) in out[begin..].as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
            *four = pixel.to_le_bytes();
        }
    }

    /// Appends many of our pixels as Tight writes them.
    pub(crate) fn push_all_tight(self, pixels: &[u32], out: &mut Vec<u8>) {
        if !self.is_packed() {
            return pixels.iter().for_each(|pixel| self.push(*pixel, out));
        }
        let begin = out.len();
        out.resize(begin + pixels.len() * 3, 0);
        for (three, pixel) in out[begin..].as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
            let [_, red, green, blue] = pixel.to_be_bytes();
            *three = [red, green, blue];
        }
    }

    /// Appends one of our pixels as Tight writes it.
    pub(crate) fn push_tight(self, pixel: u32, out: &mut Vec<u8>) {
        if self.is_packed() {
            let [_, red, green, blue] = pixel.to_be_bytes();
            out.extend([red, green, blue]);
        } else {
            self.push(pixel, out);
        }
    }

    fn value(self, pixel: u32) -> u32 {
        if self.max == [255; 3] && self.shift == [16, 8, 0] {
            return pixel;
        }
        let [_, red, green, blue] = pixel.to_be_bytes();
        let mut value = 0;
        for (index, colour) in [red, green, blue].into_iter().enumerate() {
            let (max, shift) = (u32::from(self.max[index]), self.shift[index]);
            value |= ((u32::from(colour) * max + 127) / 255) << shift;
        }
        value
    }
}
