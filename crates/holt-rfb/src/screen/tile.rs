//! Writing one tile so that any viewer can read it, whenever it came.
//!
//! In Tight, each tile begins its zlib stream anew, so it does not matter what a viewer has or has not seen before, and one
//! encoding serves all of them. A tile of one colour is a fill, of up to 256 colours a palette, else its pixels, compressed.
//! For viewers without Tight it is plain pixels.

use flate2::{Compress, Compression, FlushCompress};

use crate::encoding::{RAW, TIGHT};
use crate::wire::Put;
use crate::{PixelFormat, Rect};

/// What viewers must have in common to get the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Flavour {
    tight: bool,
    format: PixelFormat,
}

impl Flavour {
    pub(crate) fn new(tight: bool, format: PixelFormat) -> Self {
        // Packed pixels are always red, green, blue, so the order within the format makes no difference.
        let format = if tight && format.is_packed() { PixelFormat::RGB32 } else { format };
        Self { tight, format }
    }

    /// Pixels as they are.
    pub(super) fn is_plain(self) -> bool {
        !self.tight
    }
}

/// Control byte: stream 0, reset before use.
const RESET: u8 = 1;
const FILTERED: u8 = 4 << 4;
const FILL: u8 = 8 << 4;
const PALETTE: u8 = 1;
/// Shorter content is not compressed.
const PLAIN: usize = 12;

#[derive(Debug)]
pub(super) struct TileWriter {
    zlib: Compress,
    palette: Palette,
    content: Vec<u8>,
    packed: Vec<u8>,
}

impl TileWriter {
    pub(super) fn new() -> Self {
        Self {
            zlib: Compress::new(Compression::new(LEVEL), true),
            palette: Palette::new(),
            content: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// Appends the tile as a rectangle with its header.
    pub(super) fn write(&mut self, area: Rect, pixels: &[u32], flavour: Flavour, out: &mut Vec<u8>) {
        area.write(out);
        if flavour.tight {
            self.tight(area, pixels, flavour.format, out.put_i32(TIGHT));
        } else {
            out.put_i32(RAW);
            flavour.format.push_all(pixels, out);
        }
    }

    fn tight(&mut self, area: Rect, pixels: &[u32], format: PixelFormat, out: &mut Vec<u8>) {
        self.content.clear();
        let many = !self.palette.fill(pixels);
        match self.palette.colours() {
            _ if many => {
                format.push_all_tight(pixels, &mut self.content);
                out.push(RESET);
            }
            [colour] => {
                out.push(FILL | RESET);
                return format.push_tight(*colour, out);
            }
            colours => {
                let last = u8::try_from(colours.len() - 1).unwrap_or(u8::MAX);
                out.put(&[FILTERED | RESET, PALETTE, last]);
                colours.iter().for_each(|colour| format.push_tight(*colour, out));
                self.palette.indexes(pixels, usize::from(area.width), &mut self.content);
            }
        }
        self.compress(out);
    }

    fn compress(&mut self, out: &mut Vec<u8>) {
        if self.content.len() < PLAIN {
            out.put(&self.content);
            return;
        }
        self.zlib.reset();
        self.packed.clear();
        // Incompressible content grows a little; with room to spare one call is enough.
        self.packed.reserve(self.content.len() + self.content.len() / 64 + 256);
        // Compression into memory does not fail.
        let _ = self.zlib.compress_vec(&self.content, &mut self.packed, FlushCompress::Sync);
        put_compact(self.packed.len(), out);
        out.put(&self.packed);
    }
}

/// Quick, and far smaller than the quickest.
const LEVEL: u32 = 2;

/// A length of one to three bytes, seven bits in each.
fn put_compact(length: usize, out: &mut Vec<u8>) {
    let [low, middle, high, _] = u32::try_from(length).unwrap_or(0).to_le_bytes();
    let seven = [low & 0x7f, low >> 7 | (middle & 0x3f) << 1, middle >> 6 | high << 2];
    match length {
        0..0x80 => out.put(&seven[..1]),
        0x80..0x4000 => out.put(&[seven[0] | 0x80, seven[1]]),
        _ => out.put(&[seven[0] | 0x80, seven[1] | 0x80, seven[2]]),
    };
}

/// The colours of a tile, up to 256, each with its number.
#[derive(Debug)]
struct Palette {
    colours: Vec<u32>,
    /// Numbers by a hash of the colour; `EMPTY` where there is none.
    slots: Box<[u16; SLOTS]>,
}

const SLOTS: usize = 1024;
const EMPTY: u16 = u16::MAX;

impl Palette {
    fn new() -> Self {
        Self { colours: Vec::with_capacity(256), slots: Box::new([EMPTY; SLOTS]) }
    }

    fn colours(&self) -> &[u32] {
        &self.colours
    }

    /// Collects the colours; false if there are too many.
    fn fill(&mut self, pixels: &[u32]) -> bool {
        self.colours.clear();
        self.slots.fill(EMPTY);
        let mut last = None;
        for pixel in pixels {
            if last != Some(*pixel) && !self.insert(*pixel) {
                return false;
            }
            last = Some(*pixel);
        }
        true
    }

    fn insert(&mut self, colour: u32) -> bool {
        let slot = self.slot(colour);
        if self.slots[slot] != EMPTY {
            return true;
        }
        if self.colours.len() == 256 {
            return false;
        }
        self.slots[slot] = u16::try_from(self.colours.len()).unwrap_or(EMPTY);
        self.colours.push(colour);
        true
    }

    /// Where this colour is or would be. There are always free slots, so the search ends.
    fn slot(&self, colour: u32) -> usize {
        let mut slot = (colour.wrapping_mul(0x9e37_79b1) >> 22) as usize % SLOTS;
        while self.slots[slot] != EMPTY && self.colours[usize::from(self.slots[slot])] != colour {
            slot = (slot + 1) % SLOTS;
        }
        slot
    }

    fn index(&self, colour: u32) -> u8 {
        u8::try_from(self.slots[self.slot(colour)]).unwrap_or(0)
    }

    /// Each pixel's number: a bit where there are two colours, else a byte.
    fn indexes(&self, pixels: &[u32], width: usize, out: &mut Vec<u8>) {
        if self.colours.len() > 2 {
            out.extend(pixels.iter().map(|pixel| self.index(*pixel)));
            return;
        }
        for row in pixels.chunks(width) {
            for eight in row.chunks(8) {
                let bits = eight.iter().enumerate().filter(|(_, pixel)| **pixel != self.colours[0]);
                out.push(bits.fold(0, |bits, (index, _)| bits | 0x80 >> index));
            }
        }
    }
}
