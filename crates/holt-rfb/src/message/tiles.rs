//! Encodings that do not say how long they are and have to be walked: Hextile, TRLE, and the head of Tight.

use crate::wire::{Length, after};
use crate::{Error, Rect};

/// Which of the 16 by 16 tiles of a rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    column: u16,
    row: u16,
}

const SIDE: u16 = 16;

impl Tile {
    /// The first, unless the rectangle is empty.
    pub(super) fn first(area: Rect) -> Option<Self> {
        (!area.is_empty()).then_some(Self { column: 0, row: 0 })
    }

    /// The one after it, row by row.
    pub(super) fn next(self, area: Rect) -> Option<Self> {
        let Self { column, row } = self;
        if column + 1 < area.width.div_ceil(SIDE) {
            return Some(Self { column: column + 1, row });
        }
        (row + 1 < area.height.div_ceil(SIDE)).then_some(Self { column: 0, row: row + 1 })
    }

    /// Its width and height; those at the right and lower edge are smaller.
    pub(super) fn pixels(self, area: Rect) -> (usize, usize) {
        let side = |whole: u16, index: u16| usize::from((whole - index * SIDE).min(SIDE));
        (side(area.width, self.column), side(area.height, self.row))
    }
}

/// How long a tile of Hextile is.
pub(super) fn hextile(bytes: &[u8], (width, height): (usize, usize), pixel: usize) -> Result<Length, Error> {
    const RAW: u8 = 1;
    const BACKGROUND: u8 = 2;
    const FOREGROUND: u8 = 4;
    const RECTANGLES: u8 = 8;
    const COLOURED: u8 = 16;
    let Some(&kind) = bytes.first() else { return Ok(Length::AtLeast(1)) };
    let has = |bit| kind & bit != 0;
    if has(RAW) {
        return Ok(Length::Known(1 + width * height * pixel));
    }
    let colours = 1 + pixel * (usize::from(has(BACKGROUND)) + usize::from(has(FOREGROUND)));
    if !has(RECTANGLES) {
        return Ok(Length::Known(colours));
    }
    let each = if has(COLOURED) { pixel + 2 } else { 2 };
    after(bytes, colours + 1, |head| Ok(colours + 1 + each * usize::from(head[colours])))
}

/// How long a tile of TRLE is. `palette` is the number of colours of the tile before.
pub(super) fn trle(bytes: &[u8], (width, height): (usize, usize), pixel: usize, palette: u8) -> Result<Length, Error> {
    let Some(&kind) = bytes.first() else { return Ok(Length::AtLeast(1)) };
    let (colours, area) = (usize::from(palette_after(kind, palette)), width * height);
    let own = if matches!(kind, 127 | 129) { 1 } else { 1 + colours * pixel };
    match kind {
        0 => Ok(Length::Known(1 + area * pixel)),
        1 => Ok(Length::Known(1 + pixel)),
        127 | 129 if palette == 0 => Err(Error::Malformed("a tile that uses a palette that was never sent")),
        2..=16 | 127 => Ok(Length::Known(own + height * (width * bits(colours)).div_ceil(8))),
        128 => runs(bytes, 1, area, |_| pixel),
        129..=255 => runs(bytes, own, area, |_| 1),
        _ => Err(Error::Malformed("an unknown kind of tile")),
    }
}

/// How many colours the palette has after a tile of this kind.
pub(super) fn palette_after(kind: u8, before: u8) -> u8 {
    match kind {
        2..=16 => kind,
        130..=255 => kind - 128,
        _ => before,
    }
}

fn bits(colours: usize) -> usize {
    match colours {
        0..=2 => 1,
        3..=4 => 2,
        _ => 4,
    }
}

/// Runs until the tile is full. In a palette a run without the highest bit is a single pixel without a length.
fn runs(bytes: &[u8], begin: usize, area: usize, value: impl Fn(u8) -> usize) -> Result<Length, Error> {
    let plain = bytes.first() == Some(&128);
    let (mut at, mut filled) = (begin, 0);
    while filled < area {
        let Some(&first) = bytes.get(at) else { return Ok(Length::AtLeast(at + 1)) };
        at += value(first);
        filled += 1;
        if !plain && first & 0x80 == 0 {
            continue;
        }
        loop {
            let Some(&more) = bytes.get(at) else { return Ok(Length::AtLeast(at + 1)) };
            (at, filled) = (at + 1, filled + usize::from(more));
            if more != 255 {
                break;
            }
        }
        if filled > area {
            return Err(Error::Malformed("a run that is longer than its tile"));
        }
    }
    Ok(Length::Known(at))
}

/// The head of a Tight rectangle, up to where its compressed content begins.
pub(super) struct TightHead {
    /// Of the head.
    pub(super) length: Length,
    /// How much follows it.
    pub(super) opaque: usize,
}

/// Reads the head of a Tight rectangle. `pixel` is the size of a Tight pixel.
pub(super) fn tight(bytes: &[u8], area: Rect, pixel: usize) -> Result<TightHead, Error> {
    let more = |length| Ok(TightHead { length: Length::AtLeast(length), opaque: 0 });
    let whole = |length| Ok(TightHead { length: Length::Known(length), opaque: 0 });
    let Some(&control) = bytes.first() else { return more(1) };
    match control >> 4 {
        8 => return whole(1 + pixel),
        9 | 10 => return compact(bytes, 1),
        11.. => return Err(Error::Malformed("an unknown kind of Tight rectangle")),
        _ => {}
    }
    let (filter, mut at) = match (control & 0x40 != 0, bytes.get(1)) {
        (false, _) => (0, 1),
        (true, Some(filter)) => (*filter, 2),
        (true, None) => return more(2),
    };
    let row = match filter {
        0 | 2 => usize::from(area.width) * pixel,
        1 => {
            let Some(&last) = bytes.get(at) else { return more(at + 1) };
            at += 1 + (usize::from(last) + 1) * pixel;
            if last < 2 { usize::from(area.width).div_ceil(8) } else { usize::from(area.width) }
        }
        _ => return Err(Error::Malformed("an unknown filter of a Tight rectangle")),
    };
    match row * usize::from(area.height) {
        // So little is not compressed.
        plain @ 0..12 => whole(at + plain),
        _ => compact(bytes, at),
    }
}

/// A length of one to three bytes, seven bits in each.
fn compact(bytes: &[u8], at: usize) -> Result<TightHead, Error> {
    let mut opaque = 0;
    for index in 0..3 {
        let Some(&byte) = bytes.get(at + index) else {
            return Ok(TightHead { length: Length::AtLeast(at + index + 1), opaque: 0 });
        };
        let bits = if index == 2 { byte } else { byte & 0x7f };
        opaque |= usize::from(bits) << (7 * index);
        if byte & 0x80 == 0 || index == 2 {
            return Ok(TightHead { length: Length::Known(at + index + 1), opaque });
        }
    }
    Err(Error::Malformed("a length without an end"))
}
