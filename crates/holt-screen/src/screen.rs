//! A connection to an X server, and what everything here needs to know of it.

use x11rb::connection::Connection as _;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::capture::Memory;
use crate::keyboard::Keymap;
use crate::windows::Atoms;
use crate::{Point, ScreenError, Size};

/// A screen. What is pressed here and not let go by whoever pressed it is let go at the end.
#[derive(Debug)]
pub struct Screen {
    pub(crate) connection: RustConnection,
    pub(crate) root: xproto::Window,
    pub(crate) atoms: Atoms,
    pub(crate) memory: Option<Memory>,
    pub(crate) keymap: Option<Keymap>,
}

impl Screen {
    /// Connects to a display such as `:1`.
    ///
    /// # Errors
    /// When there is none, or it is not a true-colour screen with 32 bits for each pixel.
    pub fn open(display: &str) -> Result<Self, ScreenError> {
        let (connection, number) = RustConnection::connect(Some(display))?;
        let setup = connection.setup();
        let first = setup.roots.get(number).ok_or(ScreenError::Unsuitable("it has no screen of that number"))?;
        let (root, depth) = (first.root, first.root_depth);
        let fits = setup.pixmap_formats.iter().any(|format| format.depth == depth && format.bits_per_pixel == 32);
        if depth != 24 || !fits || setup.image_byte_order != xproto::ImageOrder::LSB_FIRST {
            return Err(ScreenError::Unsuitable("its pixels are not 32 bits of blue, green and red"));
        }
        // The extension for pointers wants to be greeted before it answers.
        connection.xfixes_query_version(5, 0)?.reply()?;
        let atoms = Atoms::new(&connection)?.reply()?;
        Ok(Self { connection, root, atoms, memory: None, keymap: None })
    }

    /// How large the screen is now.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn size(&self) -> Result<Size, ScreenError> {
        let geometry = self.connection.get_geometry(self.root)?.reply()?;
        Ok(Size { width: geometry.width.into(), height: geometry.height.into() })
    }

    /// Paints what is behind all windows in one colour, red, green and blue.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn set_background(&self, colour: u32) -> Result<(), ScreenError> {
        let aux = xproto::ChangeWindowAttributesAux::new().background_pixel(colour);
        self.connection.change_window_attributes(self.root, &aux)?.check()?;
        self.connection.clear_area(false, self.root, 0, 0, 0, 0)?.check()?;
        Ok(())
    }

    /// Sets what programs look up for their fonts and colours (X resources).
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn set_resources(&self, resources: &str) -> Result<(), ScreenError> {
        let (property, kind) = (xproto::AtomEnum::RESOURCE_MANAGER, xproto::AtomEnum::STRING);
        let replace = xproto::PropMode::REPLACE;
        self.connection.change_property8(replace, self.root, property, kind, resources.as_bytes())?.check()?;
        Ok(())
    }

    /// Returns when the X server has done all that it was asked for so far.
    pub(crate) fn finish(&self) -> Result<(), ScreenError> {
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }

    pub(crate) fn on_screen(&self, point: Point) -> Result<(i16, i16), ScreenError> {
        let size = self.size()?;
        let within = |at: i32, length: u32| u32::try_from(at).is_ok_and(|at| at < length);
        if !within(point.x, size.width) || !within(point.y, size.height) {
            return Err(ScreenError::OffScreen { point, size });
        }
        // A screen has at most 32767 pixels each way.
        Ok((point.x as i16, point.y as i16))
    }
}
