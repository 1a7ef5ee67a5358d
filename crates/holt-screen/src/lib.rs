//! An X11 screen as an agent uses it: pictures of it, mouse, keyboard and windows, straight over the X protocol.
//!
//! No program is started for anything here. Every function returns after the X server has done what it was asked for, so
//! that a picture taken next shows it, as far as the programs on the screen have drawn it: that is what [`Settle`] waits for.
//!
//! The programs on the screen are as hostile as the sandbox that they run in: what they say of themselves (titles,
//! sizes) is bounded, and a window that goes away at any moment is an error and no more.

mod capture;
mod error;
mod jpeg;
mod keyboard;
mod keys;
mod mouse;
mod picture;
mod screen;
mod settle;
mod view;
mod windows;

pub use error::ScreenError;
pub use keyboard::Chord;
pub use mouse::{Button, Scroll};
pub use picture::{Format, Picture};
pub use screen::Screen;
pub use settle::{Settle, Settled};
pub use view::View;
pub use windows::{Tile, Window};

/// A point of the screen, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
}

/// How large a screen or picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}
