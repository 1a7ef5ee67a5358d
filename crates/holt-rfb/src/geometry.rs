//! Rectangles and sizes of a screen.

use crate::wire::{Put, u16_at};
use crate::{Error, bounds};

/// A rectangle in pixels. It may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Rect {
    /// Left side.
    pub x: u16,
    /// Upper side.
    pub y: u16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}

impl Rect {
    /// From its left upper corner and its size.
    pub fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    /// The column after the last.
    pub fn right(self) -> u32 {
        u32::from(self.x) + u32::from(self.width)
    }

    /// The row after the last.
    pub fn bottom(self) -> u32 {
        u32::from(self.y) + u32::from(self.height)
    }

    /// How many pixels it has.
    pub fn area(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// Whether it has no pixel.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether the two share a pixel.
    pub fn meets(self, other: Self) -> bool {
        !self.is_empty()
            && !other.is_empty()
            && u32::from(self.x) < other.right()
            && u32::from(other.x) < self.right()
            && u32::from(self.y) < other.bottom()
            && u32::from(other.y) < self.bottom()
    }

    /// The smallest rectangle that holds both.
    pub fn around(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let width = self.right().max(other.right()) - u32::from(x);
        let height = self.bottom().max(other.bottom()) - u32::from(y);
        Self { x, y, width: clamp(width), height: clamp(height) }
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self { x: u16_at(bytes, 0), y: u16_at(bytes, 2), width: u16_at(bytes, 4), height: u16_at(bytes, 6) }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.put_u16(self.x).put_u16(self.y).put_u16(self.width).put_u16(self.height);
    }
}

fn clamp(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// The size of a screen, within the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

impl Size {
    /// A size that we take; anything else is an error.
    pub fn new(width: u16, height: u16) -> Result<Self, Error> {
        if width == 0 || height == 0 {
            return Err(Error::Malformed("a screen without pixels"));
        }
        Error::bound("a screen's side", usize::from(width.max(height)), usize::from(bounds::SIDE))?;
        Error::bound("a screen's pixels", usize::from(width) * usize::from(height), bounds::PIXELS)?;
        Ok(Self { width, height })
    }

    /// All of it.
    pub fn rect(self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// How many pixels it has.
    pub fn area(self) -> usize {
        self.rect().area()
    }

    /// The rectangle, if it lies within.
    pub fn holds(self, rect: Rect) -> Result<Rect, Error> {
        if rect.right() <= u32::from(self.width) && rect.bottom() <= u32::from(self.height) {
            return Ok(rect);
        }
        let Rect { x, y, width, height } = rect;
        Err(Error::Outside { x, y, width, height })
    }
}
