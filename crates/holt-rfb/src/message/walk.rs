//! How far a rectangle's content reaches, encoding by encoding.

use super::Monitor;
use super::scan::Rectangle;
use super::tiles::{self, Tile};
use crate::encoding as e;
use crate::wire::{Length, after, i32_at, u32_at};
use crate::{Error, PixelFormat, Rect, Size, bounds};

/// What lengths depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) size: Size,
    pub(super) format: PixelFormat,
}

/// What comes next in a rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// Nothing.
    Done,
    /// Rows of plain pixels.
    Rows { left: u16 },
    /// So many bytes that belong together.
    Whole(usize),
    /// So many bytes, in whatever pieces.
    Opaque(usize),
    /// A 32 bit length and as many bytes.
    Sized,
    /// A count and a background, then that many rectangles.
    Rre,
    /// A tile of Hextile.
    Hextile(Tile),
    /// A tile of TRLE, and how many colours the palette before it had.
    Trle(Tile, u8),
    /// The head of a Tight rectangle.
    Tight,
    /// A 32 bit length and a name.
    Name,
    /// A count and monitors.
    Monitors,
    /// A kind and the pictures of a pointer.
    VmwareCursor,
    /// An encoding and the picture of a pointer.
    AlphaCursor,
}

impl Walk {
    pub(super) fn begin(of: Rectangle, shape: Shape) -> Result<Self, Error> {
        let area = of.area;
        let pixel = shape.format.size();
        Ok(match of.encoding {
            e::DESKTOP_SIZE | e::QEMU_KEY | e::EXTENDED_MOUSE | e::VMWARE_CURSOR_POSITION => Self::Done,
            e::LED_STATE => Self::Whole(1),
            e::VMWARE_LED_STATE => Self::Whole(4),
            e::DESKTOP_NAME => Self::Name,
            e::EXTENDED_DESKTOP_SIZE => Self::Monitors,
            e::CURSOR => Self::whole(cursor(area)?.area() * pixel + mask(area)),
            e::X_CURSOR if area.is_empty() => Self::Done,
            e::X_CURSOR => Self::whole(6 + 2 * mask(cursor(area)?)),
            e::VMWARE_CURSOR => cursor(area).map(|_| Self::VmwareCursor)?,
            e::CURSOR_WITH_ALPHA => cursor(area).map(|_| Self::AlphaCursor)?,
            _ => Self::begin_pixels(of, shape)?,
        })
    }

    fn begin_pixels(of: Rectangle, shape: Shape) -> Result<Self, Error> {
        let area = shape.size.holds(of.area)?;
        Ok(match of.encoding {
            e::RAW if area.is_empty() => Self::Done,
            e::RAW => Self::Rows { left: area.height },
            e::COPY_RECT => Self::Whole(4),
            e::RRE => Self::Rre,
            e::ZLIB | e::ZRLE => Self::Sized,
            e::TIGHT | e::TIGHT_PNG => Self::Tight,
            e::HEXTILE => Tile::first(area).map_or(Self::Done, Self::Hextile),
            e::TRLE => Tile::first(area).map_or(Self::Done, |tile| Self::Trle(tile, 0)),
            other => return Err(Error::Encoding(other)),
        })
    }

    fn whole(length: usize) -> Self {
        if length == 0 { Self::Done } else { Self::Whole(length) }
    }

    fn opaque(length: usize) -> Self {
        if length == 0 { Self::Done } else { Self::Opaque(length) }
    }

    /// How long the next piece is.
    pub(super) fn measure(self, bytes: &[u8], area: Rect, shape: Shape) -> Result<Length, Error> {
        let pixel = shape.format.size();
        match self {
            Self::Done => Err(Error::Malformed("content after its end")),
            Self::Rows { .. } => Ok(Length::Known(usize::from(area.width) * pixel)),
            Self::Whole(length) => Ok(Length::Known(length)),
            Self::Opaque(_) if bytes.is_empty() => Ok(Length::AtLeast(1)),
            Self::Opaque(left) => Ok(Length::Known(left.min(bytes.len()).min(bounds::PIECE))),
            Self::Sized => Ok(Length::Known(4)),
            Self::Rre => Ok(Length::Known(4 + pixel)),
            Self::Hextile(tile) => tiles::hextile(bytes, tile.pixels(area), pixel),
            Self::Trle(tile, palette) => tiles::trle(bytes, tile.pixels(area), shape.format.run_length_size(), palette),
            Self::Tight => tiles::tight(bytes, area, shape.format.tight_size()).map(|head| head.length),
            Self::Name => after(bytes, 4, |head| Ok(4 + Error::bound("a name", u32_at(head, 0) as usize, bounds::TEXT)?)),
            Self::Monitors => after(bytes, 4, |head| {
                Ok(4 + Monitor::LENGTH * Error::bound("a list of monitors", usize::from(head[0]), bounds::MONITORS)?)
            }),
            Self::VmwareCursor => after(bytes, 2, |head| match head[0] {
                0 => Ok(2 + 2 * area.area() * pixel),
                1 => Ok(2 + 4 * area.area()),
                _ => Err(Error::Malformed("an unknown kind of pointer")),
            }),
            Self::AlphaCursor => after(bytes, 4, |head| match i32_at(head, 0) {
                e::RAW => Ok(4 + 4 * area.area()),
                other => Err(Error::Encoding(other)),
            }),
        }
    }

    /// What follows this piece.
    pub(super) fn then(self, piece: &[u8], area: Rect, shape: Shape) -> Result<Self, Error> {
        let pixel = shape.format.size();
        Ok(match self {
            Self::Rows { left } if left > 1 => Self::Rows { left: left - 1 },
            Self::Opaque(left) => Self::opaque(left - piece.len()),
            Self::Sized => {
                // Compression that does not compress adds little; run lengths at worst double.
                let most = 2 * area.area() * pixel + bounds::PIECE;
                Self::opaque(Error::bound("compressed pixels", u32_at(piece, 0) as usize, most)?)
            }
            Self::Rre => {
                let rectangles = Error::bound("a list of rectangles", u32_at(piece, 0) as usize, area.area())?;
                Self::opaque(rectangles * (pixel + 8))
            }
            Self::Hextile(tile) => tile.next(area).map_or(Self::Done, Self::Hextile),
            Self::Trle(tile, palette) => {
                let palette = tiles::palette_after(piece.first().copied().unwrap_or(0), palette);
                tile.next(area).map_or(Self::Done, |tile| Self::Trle(tile, palette))
            }
            Self::Tight => Self::opaque(tiles::tight(piece, area, shape.format.tight_size())?.opaque),
            _ => Self::Done,
        })
    }
}

fn cursor(area: Rect) -> Result<Rect, Error> {
    let side = usize::from(area.width.max(area.height));
    Error::bound("a pointer's side", side, usize::from(bounds::CURSOR_SIDE)).map(|_| area)
}

fn mask(area: Rect) -> usize {
    usize::from(area.width).div_ceil(8) * usize::from(area.height)
}
