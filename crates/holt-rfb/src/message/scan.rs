//! From a server to a viewer, everything: where each message and each rectangle begins and ends, without decoding pixels.
//!
//! Every byte of the stream belongs to exactly one part, in order, so that parts can be counted, passed on or decoded. A part
//! is a whole message, a header, or a piece of a rectangle's content that makes sense of its own (a row of plain pixels, a
//! tile, a pointer's picture); only compressed content is cut wherever the input was. Memory is bounded by the largest piece.

use super::ServerMessage;
use super::walk::{Shape, Walk};
use crate::encoding::{DESKTOP_SIZE, EXTENDED_DESKTOP_SIZE, LAST_RECT};
use crate::wire::{Length, Pieces, i32_at, u16_at};
use crate::{Error, PixelFormat, Rect, Size};

/// A piece of a server's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPart<'a> {
    /// Its bytes, as they were sent.
    pub bytes: &'a [u8],
    /// What they are.
    pub part: Part<'a>,
    /// Whether an update of the screen ends here.
    pub update_done: bool,
}

/// What a piece of a server's stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// A whole message that is no update.
    Message(ServerMessage<'a>),
    /// An update of the screen begins.
    Update,
    /// The header of a rectangle.
    Rectangle(Rectangle),
    /// Content of a rectangle.
    Content {
        /// Of which.
        of: Rectangle,
        /// Which piece of it, counted from zero. In plain pixels each row is one.
        piece: usize,
    },
}

/// The header of a rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// Where it is. Some pseudo-encodings use these fields for something else.
    pub area: Rect,
    /// In which encoding its content follows.
    pub encoding: i32,
}

impl Rectangle {
    const LENGTH: usize = 12;

    fn read(unit: &[u8]) -> Self {
        Self { area: Rect::read(unit), encoding: i32_at(unit, 8) }
    }

    /// The size of the screen that it announces, if it does.
    pub fn resize(self) -> Result<Option<Size>, Error> {
        let refused = self.encoding == EXTENDED_DESKTOP_SIZE && self.area.x == 1 && self.area.y != 0;
        if refused || !matches!(self.encoding, DESKTOP_SIZE | EXTENDED_DESKTOP_SIZE) {
            return Ok(None);
        }
        Size::new(self.area.width, self.area.height).map(Some)
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// A message begins.
    Message,
    /// A rectangle begins.
    Header { left: u32 },
    /// A rectangle's content goes on.
    Content { left: u32, of: Rectangle, piece: usize, walk: Walk },
}

/// Takes a server's stream apart.
#[derive(Debug)]
pub struct ServerParts {
    pieces: Pieces,
    state: State,
    shape: Shape,
}

/// An update that announces this many rectangles has as many as come before the last.
const UNTIL_LAST: u16 = u16::MAX;
/// Likewise, counted down.
const ENDLESS: u32 = u32::MAX;

impl ServerParts {
    /// A server after its handshake, whose pixels have this format.
    ///
    /// The format must not change later: nothing in the stream says from where on the server uses another.
    pub fn new(size: Size, format: PixelFormat) -> Self {
        Self { pieces: Pieces::default(), state: State::Message, shape: Shape { size, format } }
    }

    /// The size of the screen as last announced.
    pub fn size(&self) -> Size {
        self.shape.size
    }

    /// How many bytes of an unfinished piece are held.
    pub fn held(&self) -> usize {
        self.pieces.held()
    }

    /// The next part, or `None` when `input` is used up. What is taken is cut off `input`.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<ServerPart<'a>>, Error> {
        let (state, shape) = (self.state, self.shape);
        let Some(bytes) = self.pieces.next(input, |bytes| measure(state, shape, bytes))? else { return Ok(None) };
        let (part, next) = match state {
            State::Message if bytes[0] == 0 => (Part::Update, begin_update(u16_at(bytes, 2))),
            State::Message => (Part::Message(ServerMessage::read(bytes)?), State::Message),
            State::Header { left } => {
                let of = Rectangle::read(bytes);
                (Part::Rectangle(of), begin_rectangle(of, left, &mut self.shape)?)
            }
            State::Content { left, of, piece, walk } => {
                let next = match walk.then(bytes, of.area, shape)? {
                    Walk::Done => finish(left),
                    walk => State::Content { left, of, piece: piece + 1, walk },
                };
                (Part::Content { of, piece }, next)
            }
        };
        let update_done = matches!(next, State::Message) && !matches!(part, Part::Message(_));
        self.state = next;
        Ok(Some(ServerPart { bytes, part, update_done }))
    }
}

fn measure(state: State, shape: Shape, bytes: &[u8]) -> Result<Length, Error> {
    match state {
        State::Message => match bytes.first() {
            None => Ok(Length::AtLeast(1)),
            Some(0) => Ok(Length::Known(4)),
            Some(_) => ServerMessage::measure(bytes),
        },
        State::Header { .. } => Ok(Length::Known(Rectangle::LENGTH)),
        State::Content { walk, of, .. } => walk.measure(bytes, of.area, shape),
    }
}

fn begin_update(rectangles: u16) -> State {
    match rectangles {
        0 => State::Message,
        UNTIL_LAST => State::Header { left: ENDLESS },
        some => State::Header { left: u32::from(some) },
    }
}

fn begin_rectangle(of: Rectangle, left: u32, shape: &mut Shape) -> Result<State, Error> {
    if of.encoding == LAST_RECT {
        return Ok(State::Message);
    }
    if let Some(size) = of.resize()? {
        shape.size = size;
    }
    Ok(match Walk::begin(of, *shape)? {
        Walk::Done => finish(left),
        walk => State::Content { left, of, piece: 0, walk },
    })
}

fn finish(left: u32) -> State {
    match left {
        ENDLESS => State::Header { left },
        1 => State::Message,
        more => State::Header { left: more - 1 },
    }
}
