//! Pictures of the screen, through memory that is shared with the X server.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use x11rb::connection::Connection as _;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::{ConnectionExt as _, GetCursorImageReply};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

use crate::{Area, Picture, Point, Screen, ScreenError, Size};

const ALL_PLANES: u32 = !0;
const PIXEL: usize = 4;

/// Memory that the X server writes pictures into.
#[derive(Debug)]
pub(crate) struct Memory {
    segment: shm::Seg,
    file: File,
    bytes: usize,
}

impl Screen {
    /// A picture of the screen, or of a part of it, with the mouse pointer in it.
    ///
    /// # Errors
    /// When the part is not on the screen, or the X server has gone.
    pub fn picture(&mut self, area: Option<Area>) -> Result<Picture, ScreenError> {
        let size = self.size()?;
        let area = match area {
            Some(area) => on_screen(area, size)?,
            None => Area { x: 0, y: 0, width: size.width, height: size.height },
        };
        let mut picture = self.grab(area)?;
        if let Some(pointer) = self.pointer_picture()? {
            draw_pointer(&mut picture, area, &pointer);
        }
        Ok(picture)
    }

    /// Where the mouse pointer is.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn pointer(&self) -> Result<Point, ScreenError> {
        let pointer = self.connection.query_pointer(self.root)?.reply()?;
        Ok(Point { x: pointer.root_x.into(), y: pointer.root_y.into() })
    }

    /// Which modifier keys are down, as the X protocol numbers them: shift 1, control 4, alt 8.
    ///
    /// # Errors
    /// When the X server has gone.
    pub fn modifiers(&self) -> Result<u16, ScreenError> {
        let pointer = self.connection.query_pointer(self.root)?.reply()?;
        Ok(u16::from(pointer.mask) & 0xff)
    }

    fn grab(&mut self, area: Area) -> Result<Picture, ScreenError> {
        let bytes = area.width as usize * area.height as usize * PIXEL;
        let memory = match self.memory.take().filter(|memory| memory.bytes >= bytes) {
            Some(memory) => memory,
            None => self.share(bytes)?,
        };
        let (x, y, width, height) = (area.x as i16, area.y as i16, area.width as u16, area.height as u16);
        let format = ImageFormat::Z_PIXMAP.into();
        let asked = self.connection.shm_get_image(self.root, x, y, width, height, ALL_PLANES, format, memory.segment, 0)?;
        asked.reply()?;
        let mut pixels = vec![0; bytes];
        memory.file.read_exact_at(&mut pixels, 0)?;
        self.memory = Some(memory);
        Ok(Picture { width: area.width, height: area.height, pixels })
    }

    fn share(&self, bytes: usize) -> Result<Memory, ScreenError> {
        let file = File::from(memfd_create("holt-screen", MemfdFlags::CLOEXEC)?);
        ftruncate(&file, bytes as u64)?;
        let segment = self.connection.generate_id()?;
        self.connection.shm_attach_fd(segment, file.try_clone()?, false)?.check()?;
        Ok(Memory { segment, file, bytes })
    }

    fn pointer_picture(&self) -> Result<Option<GetCursorImageReply>, ScreenError> {
        let pointer = self.connection.xfixes_get_cursor_image()?.reply()?;
        let pixels = usize::from(pointer.width) * usize::from(pointer.height);
        Ok((pointer.cursor_image.len() == pixels).then_some(pointer))
    }
}

/// The part of an area that is on the screen.
fn on_screen(area: Area, size: Size) -> Result<Area, ScreenError> {
    let corner = Point { x: area.x, y: area.y };
    let outside = || ScreenError::OffScreen { point: corner, size };
    let x = u32::try_from(area.x).ok().filter(|x| *x < size.width).ok_or_else(outside)?;
    let y = u32::try_from(area.y).ok().filter(|y| *y < size.height).ok_or_else(outside)?;
    let (width, height) = (area.width.min(size.width - x), area.height.min(size.height - y));
    if width == 0 || height == 0 {
        return Err(ScreenError::Picture("a picture has at least one pixel each way".into()));
    }
    Ok(Area { width, height, ..area })
}

/// Lays the pointer, whose colours are multiplied by their opacity already, over a picture of this area.
fn draw_pointer(picture: &mut Picture, area: Area, pointer: &GetCursorImageReply) {
    let left = i32::from(pointer.x) - i32::from(pointer.xhot) - area.x;
    let top = i32::from(pointer.y) - i32::from(pointer.yhot) - area.y;
    let width = i32::from(pointer.width).max(1);
    for (index, colour) in pointer.cursor_image.iter().enumerate() {
        let (x, y) = (left + index as i32 % width, top + index as i32 / width);
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
        if x >= picture.width || y >= picture.height {
            continue;
        }
        let at = (y as usize * picture.width as usize + x as usize) * PIXEL;
        let [blue, green, red, opacity] = colour.to_le_bytes();
        let through = 255 - u32::from(opacity);
        for (pixel, over) in picture.pixels[at..at + 3].iter_mut().zip([blue, green, red]) {
            *pixel = over.saturating_add((u32::from(*pixel) * through / 255) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 100, height: 50 };

    #[test]
    fn an_area_is_cut_to_the_screen() {
        let area = |x, y, width, height| Area { x, y, width, height };
        assert_eq!(on_screen(area(90, 40, 100, 100), SIZE).unwrap(), area(90, 40, 10, 10));
        assert_eq!(on_screen(area(0, 0, 100, 50), SIZE).unwrap(), area(0, 0, 100, 50));
        for wrong in [area(100, 0, 1, 1), area(-1, 0, 5, 5), area(0, 50, 1, 1), area(3, 3, 0, 4)] {
            assert!(on_screen(wrong, SIZE).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_pointer_at_the_edge_is_cut_and_see_through_where_it_is() {
        let mut picture = Picture { width: 2, height: 2, pixels: vec![100; 16] };
        let pointer = GetCursorImageReply {
            x: 1,
            y: 1,
            width: 2,
            height: 2,
            xhot: 0,
            yhot: 0,
            cursor_image: vec![0xff01_0203, 0xffff_ffff, 0x0000_0000, 0xffff_ffff],
            ..GetCursorImageReply::default()
        };
        draw_pointer(&mut picture, Area { x: 0, y: 0, width: 2, height: 2 }, &pointer);
        assert_eq!(picture.pixels[12..15], [3, 2, 1]);
        assert!(picture.pixels[..12].iter().all(|byte| *byte == 100));
        draw_pointer(&mut picture, Area { x: 1, y: 0, width: 2, height: 2 }, &pointer);
        assert_eq!(picture.pixels[8..11], [3, 2, 1]);
    }
}
