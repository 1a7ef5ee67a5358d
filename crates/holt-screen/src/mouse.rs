//! The mouse, moved and pressed through the XTEST extension.

use std::time::Duration;

use x11rb::protocol::xproto::{BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, MOTION_NOTIFY_EVENT};
use x11rb::protocol::xtest::ConnectionExt as _;

use crate::{Chord, Point, Screen, ScreenError};

/// Into how many parts a drag is cut: programs want to see it on its way.
const DRAG_STEPS: i32 = 12;
const BETWEEN_STEPS: Duration = Duration::from_millis(4);
/// The most notches of the wheel in one turn.
const MOST_NOTCHES: u32 = 100;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Button {
    #[default]
    Left,
    Middle,
    Right,
    Back,
    Forward,
}

impl Button {
    fn number(self) -> u8 {
        match self {
            Self::Left => 1,
            Self::Middle => 2,
            Self::Right => 3,
            Self::Back => 8,
            Self::Forward => 9,
        }
    }
}

/// Which way the wheel turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scroll {
    Up,
    Down,
    Left,
    Right,
}

impl Scroll {
    fn button(self) -> u8 {
        match self {
            Self::Up => 4,
            Self::Down => 5,
            Self::Left => 6,
            Self::Right => 7,
        }
    }
}

impl Screen {
    /// Moves the pointer.
    ///
    /// # Errors
    /// When the point is not on the screen, or the X server has gone.
    pub fn move_to(&mut self, point: Point) -> Result<(), ScreenError> {
        let (x, y) = self.on_screen(point)?;
        self.fake(MOTION_NOTIFY_EVENT, 0, x, y)?;
        self.finish()
    }

    /// Clicks `times` times at a point, or where the pointer is, while the keys of `held` are down.
    ///
    /// # Errors
    /// As for [`Self::move_to`], and when a key is unknown.
    pub fn click(&mut self, at: Option<Point>, button: Button, times: u32, held: &Chord) -> Result<(), ScreenError> {
        let place = at.map(|point| self.on_screen(point)).transpose()?;
        self.holding(held, |screen| {
            if let Some((x, y)) = place {
                screen.fake(MOTION_NOTIFY_EVENT, 0, x, y)?;
            }
            for _ in 0..times.clamp(1, 3) {
                screen.fake(BUTTON_PRESS_EVENT, button.number(), 0, 0)?;
                screen.fake(BUTTON_RELEASE_EVENT, button.number(), 0, 0)?;
            }
            Ok(())
        })
    }

    /// Presses a button, or lets it go, and leaves it so.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn press(&mut self, button: Button, down: bool) -> Result<(), ScreenError> {
        self.fake(if down { BUTTON_PRESS_EVENT } else { BUTTON_RELEASE_EVENT }, button.number(), 0, 0)?;
        self.finish()
    }

    /// Drags with the left button along points. Takes some milliseconds, as a hand does.
    ///
    /// # Errors
    /// As for [`Self::move_to`].
    pub fn drag(&mut self, path: &[Point], held: &Chord) -> Result<(), ScreenError> {
        for point in path {
            self.on_screen(*point)?;
        }
        let Some((first, rest)) = path.split_first() else { return Ok(()) };
        self.holding(held, |screen| {
            screen.move_to(*first)?;
            screen.press(Button::Left, true)?;
            let dragged = screen.go_along(*first, rest);
            screen.press(Button::Left, false)?;
            dragged
        })
    }

    fn go_along(&mut self, mut from: Point, path: &[Point]) -> Result<(), ScreenError> {
        for to in path {
            for step in 1..=DRAG_STEPS {
                let between = |a: i32, b: i32| a + (b - a) * step / DRAG_STEPS;
                self.move_to(Point { x: between(from.x, to.x), y: between(from.y, to.y) })?;
                std::thread::sleep(BETWEEN_STEPS);
            }
            from = *to;
        }
        Ok(())
    }

    /// Turns the wheel by some notches.
    ///
    /// # Errors
    /// As for [`Self::click`].
    pub fn scroll(&mut self, at: Option<Point>, way: Scroll, notches: u32, held: &Chord) -> Result<(), ScreenError> {
        let place = at.map(|point| self.on_screen(point)).transpose()?;
        self.holding(held, |screen| {
            if let Some((x, y)) = place {
                screen.fake(MOTION_NOTIFY_EVENT, 0, x, y)?;
            }
            for _ in 0..notches.min(MOST_NOTCHES) {
                screen.fake(BUTTON_PRESS_EVENT, way.button(), 0, 0)?;
                screen.fake(BUTTON_RELEASE_EVENT, way.button(), 0, 0)?;
            }
            Ok(())
        })
    }

    /// Does what an event of a device would do.
    pub(crate) fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> Result<(), ScreenError> {
        self.connection.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, x, y, 0)?;
        Ok(())
    }
}
