//! The windows on the screen, through what window managers agree on (EWMH).

use x11rb::protocol::xproto::{
    self, AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, MapState, StackMode,
};

use crate::{Area, Screen, ScreenError, Size};

/// The most windows that are looked at.
const MOST_WINDOWS: u32 = 512;
/// The most characters of a title.
const LONGEST_TITLE: usize = 200;
/// Where a request comes from, in a client message: from somebody like a pager, who acts for a person.
const FROM_PAGER: u32 = 2;
const ICONIC: u32 = 3;
const REMOVE: u32 = 0;

x11rb::atom_manager! {
    /// The names that window managers agree on.
    pub(crate) Atoms: AtomsCookie {
        _NET_ACTIVE_WINDOW,
        _NET_CLIENT_LIST,
        _NET_FRAME_EXTENTS,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_NAME,
        _NET_WM_STATE,
        _NET_WM_STATE_FULLSCREEN,
        _NET_WM_STATE_MAXIMIZED_HORZ,
        _NET_WM_STATE_MAXIMIZED_VERT,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_DESKTOP,
        _NET_WM_WINDOW_TYPE_DOCK,
        _NET_WORKAREA,
        UTF8_STRING,
        WM_CHANGE_STATE,
    }
}

/// A window of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub id: u32,
    /// What the program calls it; hostile, bounded, without control characters.
    pub title: String,
    /// Its content, without the frame.
    pub area: Area,
    pub active: bool,
}

/// Which part of the screen a window is put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tile {
    Left,
    Right,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

impl Tile {
    /// The half or quarter of an area.
    fn of(self, area: Area) -> Area {
        let (width, height) = (area.width / 2, area.height / 2);
        let right = area.x + width as i32;
        let bottom = area.y + height as i32;
        match self {
            Self::Left => Area { width, ..area },
            Self::Right => Area { x: right, width: area.width - width, ..area },
            Self::TopLeft => Area { width, height, ..area },
            Self::TopRight => Area { x: right, width: area.width - width, height, ..area },
            Self::BottomLeft => Area { y: bottom, width, height: area.height - height, ..area },
            Self::BottomRight => Area { x: right, y: bottom, width: area.width - width, height: area.height - height },
        }
    }
}

impl Screen {
    /// The windows of programs, in the order in which they came, with the desktop's own: its background and panels.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn windows(&self) -> Result<Vec<Window>, ScreenError> {
        let active = self.active_window()?;
        let ids = if self.has_manager()? {
            self.numbers(self.root, self.atoms._NET_CLIENT_LIST, AtomEnum::WINDOW.into(), MOST_WINDOWS)?
        } else {
            self.unmanaged()?
        };
        let mut windows = Vec::new();
        for id in ids {
            match self.window(id, active) {
                Ok(window) => windows.push(window),
                // It has gone since the list was made.
                Err(ScreenError::NoWindow(_) | ScreenError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(windows)
    }

    /// Whether there is a window that is not the desktop's own.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn has_programs(&self) -> Result<bool, ScreenError> {
        for window in self.windows()? {
            if !self.is_the_desktop_s(window.id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The windows whose title has these words in it, upper and lower case the same.
    ///
    /// # Errors
    /// As for [`Self::windows`].
    pub fn find_windows(&self, pattern: &str) -> Result<Vec<Window>, ScreenError> {
        let pattern = pattern.to_lowercase();
        Ok(self.windows()?.into_iter().filter(|window| window.title.to_lowercase().contains(&pattern)).collect())
    }

    /// The window that has the keyboard.
    ///
    /// # Errors
    /// As for [`Self::windows`].
    pub fn active(&self) -> Result<Option<Window>, ScreenError> {
        let Some(id) = self.active_window()? else { return Ok(None) };
        match self.window(id, Some(id)) {
            Ok(window) => Ok(Some(window)),
            Err(ScreenError::NoWindow(_) | ScreenError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Brings a window to the front and gives it the keyboard.
    ///
    /// # Errors
    /// When there is no such window.
    pub fn activate(&self, id: u32) -> Result<(), ScreenError> {
        self.expect_window(id)?;
        if self.has_manager()? {
            self.ask_manager(id, self.atoms._NET_ACTIVE_WINDOW, [FROM_PAGER, x11rb::CURRENT_TIME, 0, 0, 0])?;
        } else {
            self.connection.configure_window(id, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE))?.check()?;
            self.connection.set_input_focus(xproto::InputFocus::POINTER_ROOT, id, x11rb::CURRENT_TIME)?.check()?;
        }
        self.finish()
    }

    /// Moves a window's frame.
    ///
    /// # Errors
    /// When there is no such window.
    pub fn move_window(&self, id: u32, x: i32, y: i32) -> Result<(), ScreenError> {
        self.restore(id)?;
        self.connection.configure_window(id, &ConfigureWindowAux::new().x(x).y(y))?.check()?;
        self.finish()
    }

    /// Gives a window's content another size.
    ///
    /// # Errors
    /// When there is no such window.
    pub fn resize_window(&self, id: u32, size: Size) -> Result<(), ScreenError> {
        self.restore(id)?;
        let aux = ConfigureWindowAux::new().width(size.width.clamp(1, 32767)).height(size.height.clamp(1, 32767));
        self.connection.configure_window(id, &aux)?.check()?;
        self.finish()
    }

    /// Puts a window, with its frame, onto a half or a quarter of the screen.
    ///
    /// # Errors
    /// When there is no such window.
    pub fn tile(&self, id: u32, tile: Tile) -> Result<(), ScreenError> {
        let area = tile.of(self.work_area()?);
        self.place(id, area)
    }

    /// Puts a window into the middle of the screen.
    ///
    /// # Errors
    /// When there is no such window.
    pub fn center(&self, id: u32) -> Result<(), ScreenError> {
        let (area, window, frame) = (self.work_area()?, self.window(id, None)?, self.frame(id)?);
        let width = window.area.width + frame.left + frame.right;
        let height = window.area.height + frame.top + frame.bottom;
        let x = area.x + (area.width.saturating_sub(width) / 2) as i32;
        let y = area.y + (area.height.saturating_sub(height) / 2) as i32;
        self.move_window(id, x, y)
    }

    /// Makes a window an icon.
    ///
    /// # Errors
    /// When there is no such window, or no window manager.
    pub fn minimize(&self, id: u32) -> Result<(), ScreenError> {
        self.expect_window(id)?;
        if !self.has_manager()? {
            return Err(ScreenError::NoManager);
        }
        self.ask_manager(id, self.atoms.WM_CHANGE_STATE, [ICONIC, 0, 0, 0, 0])?;
        self.finish()
    }

    fn place(&self, id: u32, area: Area) -> Result<(), ScreenError> {
        self.restore(id)?;
        let frame = self.frame(id)?;
        let aux = ConfigureWindowAux::new()
            .x(area.x)
            .y(area.y)
            .width(area.width.saturating_sub(frame.left + frame.right).max(1))
            .height(area.height.saturating_sub(frame.top + frame.bottom).max(1));
        self.connection.configure_window(id, &aux)?.check()?;
        self.finish()
    }

    /// A window that fills the screen keeps to it whatever it is asked for, so that is taken from it first.
    fn restore(&self, id: u32) -> Result<(), ScreenError> {
        self.expect_window(id)?;
        let atoms = &self.atoms;
        let both = [REMOVE, atoms._NET_WM_STATE_MAXIMIZED_VERT, atoms._NET_WM_STATE_MAXIMIZED_HORZ, FROM_PAGER, 0];
        self.ask_manager(id, atoms._NET_WM_STATE, both)?;
        self.ask_manager(id, atoms._NET_WM_STATE, [REMOVE, atoms._NET_WM_STATE_FULLSCREEN, 0, FROM_PAGER, 0])
    }

    fn ask_manager(&self, window: u32, what: u32, data: [u32; 5]) -> Result<(), ScreenError> {
        let event = ClientMessageEvent::new(32, window, what, data);
        let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        self.connection.send_event(false, self.root, mask, event)?.check()?;
        Ok(())
    }

    /// Whether somebody manages the windows.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn has_manager(&self) -> Result<bool, ScreenError> {
        let check = self.numbers(self.root, self.atoms._NET_SUPPORTING_WM_CHECK, AtomEnum::WINDOW.into(), 1)?;
        Ok(!check.is_empty())
    }

    fn active_window(&self) -> Result<Option<u32>, ScreenError> {
        let active = self.numbers(self.root, self.atoms._NET_ACTIVE_WINDOW, AtomEnum::WINDOW.into(), 1)?;
        if let Some(id) = active.into_iter().find(|id| *id != x11rb::NONE) {
            return Ok(Some(id));
        }
        let focus = self.connection.get_input_focus()?.reply()?.focus;
        // None, or whatever is below the pointer.
        Ok((focus > 1 && focus != self.root).then_some(focus))
    }

    fn is_the_desktop_s(&self, id: u32) -> Result<bool, ScreenError> {
        let kinds = self.numbers(id, self.atoms._NET_WM_WINDOW_TYPE, AtomEnum::ATOM.into(), 8)?;
        let own = [self.atoms._NET_WM_WINDOW_TYPE_DESKTOP, self.atoms._NET_WM_WINDOW_TYPE_DOCK];
        Ok(kinds.iter().any(|kind| own.contains(kind)))
    }

    /// The visible windows, where no manager keeps a list.
    fn unmanaged(&self) -> Result<Vec<u32>, ScreenError> {
        let all = self.connection.query_tree(self.root)?.reply()?.children;
        let mut visible = Vec::new();
        for id in all.into_iter().take(MOST_WINDOWS as usize) {
            let Ok(attributes) = self.connection.get_window_attributes(id)?.reply() else { continue };
            if attributes.map_state == MapState::VIEWABLE {
                visible.push(id);
            }
        }
        Ok(visible)
    }

    fn expect_window(&self, id: u32) -> Result<xproto::GetGeometryReply, ScreenError> {
        self.connection.get_geometry(id)?.reply().map_err(|error| match ScreenError::from(error) {
            ScreenError::Refused(_) => ScreenError::NoWindow(id),
            other => other,
        })
    }

    fn window(&self, id: u32, active: Option<u32>) -> Result<Window, ScreenError> {
        let geometry = self.expect_window(id)?;
        let corner = self.connection.translate_coordinates(id, self.root, 0, 0)?.reply()?;
        let area =
            Area { x: corner.dst_x.into(), y: corner.dst_y.into(), width: geometry.width.into(), height: geometry.height.into() };
        Ok(Window { id, title: self.title(id)?, area, active: active == Some(id) })
    }

    fn title(&self, id: u32) -> Result<String, ScreenError> {
        let names = [(self.atoms._NET_WM_NAME, self.atoms.UTF8_STRING), (AtomEnum::WM_NAME.into(), AtomEnum::ANY.into())];
        for (property, kind) in names {
            let words = (LONGEST_TITLE * 4) as u32;
            let value = self.connection.get_property(false, id, property, kind, 0, words)?.reply()?.value;
            if !value.is_empty() {
                let title = String::from_utf8_lossy(&value);
                return Ok(title.chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect());
            }
        }
        Ok(String::new())
    }

    fn frame(&self, id: u32) -> Result<Frame, ScreenError> {
        let sides = self.numbers(id, self.atoms._NET_FRAME_EXTENTS, AtomEnum::CARDINAL.into(), 4)?;
        let [left, right, top, bottom] = <[u32; 4]>::try_from(sides).unwrap_or_default().map(|side| side.min(500));
        Ok(Frame { left, right, top, bottom })
    }

    /// The screen without panels.
    fn work_area(&self) -> Result<Area, ScreenError> {
        let size = self.size()?;
        let area = self.numbers(self.root, self.atoms._NET_WORKAREA, AtomEnum::CARDINAL.into(), 4)?;
        let whole = Area { x: 0, y: 0, width: size.width, height: size.height };
        let Ok([x, y, width, height]) = <[u32; 4]>::try_from(area) else { return Ok(whole) };
        let fits = width > 0 && height > 0 && x.saturating_add(width) <= size.width && y.saturating_add(height) <= size.height;
        Ok(if fits { Area { x: x as i32, y: y as i32, width, height } } else { whole })
    }

    fn numbers(&self, window: u32, property: u32, kind: u32, most: u32) -> Result<Vec<u32>, ScreenError> {
        let reply = self.connection.get_property(false, window, property, kind, 0, most)?.reply()?;
        Ok(reply.value32().map(|numbers| numbers.take(most as usize).collect()).unwrap_or_default())
    }
}

/// How thick a window's frame is on each side.
#[derive(Debug, Clone, Copy)]
struct Frame {
    left: u32,
    right: u32,
    top: u32,
    bottom: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fill_the_area_without_gap_or_overlap() {
        let area = Area { x: 5, y: 30, width: 1281, height: 769 };
        let covered = |tiles: &[Tile]| -> u64 {
            tiles.iter().map(|tile| tile.of(area)).map(|part| u64::from(part.width) * u64::from(part.height)).sum()
        };
        let whole = u64::from(area.width) * u64::from(area.height);
        assert_eq!(covered(&[Tile::Left, Tile::Right]), whole);
        assert_eq!(covered(&[Tile::TopLeft, Tile::TopRight, Tile::BottomLeft, Tile::BottomRight]), whole);
        assert_eq!(Tile::BottomRight.of(area), Area { x: 645, y: 414, width: 641, height: 385 });
    }
}
