//! Pictures in memory, and the formats that they leave in.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::{ScreenError, Size, jpeg};

/// A picture: blue, green, red and a byte without meaning for each pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

/// What a picture is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    /// Without loss.
    Png,
    /// Without loss.
    WebP,
}

impl Format {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }
}

impl Picture {
    pub fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// The same picture at another size.
    ///
    /// # Errors
    /// When that size is nothing.
    pub fn scaled(self, to: Size) -> Result<Self, ScreenError> {
        if to == self.size() {
            return Ok(self);
        }
        let failed = |error: &dyn std::fmt::Display| ScreenError::Picture(error.to_string());
        let source = ImageRef::new(self.width, self.height, &self.pixels, PixelType::U8x4).map_err(|error| failed(&error))?;
        let mut target = Image::new(to.width, to.height, PixelType::U8x4);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
        Resizer::new().resize(&source, &mut target, &options).map_err(|error| failed(&error))?;
        Ok(Self { width: to.width, height: to.height, pixels: target.into_vec() })
    }

    /// The picture as a file.
    ///
    /// # Errors
    /// When it is larger than the format allows.
    pub fn encode(&self, format: Format) -> Result<Vec<u8>, ScreenError> {
        match format {
            Format::Jpeg => jpeg::encode(self),
            Format::Png => self.png(),
            Format::WebP => self.webp(),
        }
    }

    fn png(&self) -> Result<Vec<u8>, ScreenError> {
        let failed = |error: png::EncodingError| ScreenError::Picture(error.to_string());
        let mut file = Vec::with_capacity(self.pixels.len() / 4);
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&self.red_green_blue()).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(file)
    }

    fn webp(&self) -> Result<Vec<u8>, ScreenError> {
        let mut file = Vec::with_capacity(self.pixels.len() / 4);
        image_webp::WebPEncoder::new(&mut file)
            .encode(&self.red_green_blue(), self.width, self.height, image_webp::ColorType::Rgb8)
            .map_err(|error| ScreenError::Picture(error.to_string()))?;
        Ok(file)
    }

    fn red_green_blue(&self) -> Vec<u8> {
        self.pixels.as_chunks::<4>().0.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, blue, green, white.
    fn sample() -> Picture {
        let pixels = [[0, 0, 255, 0], [255, 0, 0, 9], [0, 255, 0, 1], [255, 255, 255, 7]].concat();
        Picture { width: 2, height: 2, pixels }
    }

    #[test]
    fn what_is_written_without_loss_is_read_back() {
        let expected = [255, 0, 0, 0, 0, 255, 0, 255, 0, 255, 255, 255];
        let file = sample().encode(Format::Png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut pixels = vec![0; 12];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, expected);
        let file = sample().encode(Format::WebP).unwrap();
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&file)).unwrap();
        let mut pixels = vec![0; 12];
        decoder.read_image(&mut pixels).unwrap();
        assert_eq!(pixels, expected);
    }

    #[test]
    fn a_jpeg_begins_and_ends_as_one() {
        let file = sample().encode(Format::Jpeg).unwrap();
        assert_eq!((&file[..2], &file[file.len() - 2..]), (&[0xff, 0xd8][..], &[0xff, 0xd9][..]));
    }

    #[test]
    fn a_plain_picture_keeps_its_colour_at_every_size() {
        let picture = Picture { width: 40, height: 20, pixels: [10, 200, 90, 0].repeat(800) };
        for size in [Size { width: 7, height: 3 }, Size { width: 40, height: 20 }, Size { width: 81, height: 45 }] {
            let scaled = picture.clone().scaled(size).unwrap();
            assert_eq!((scaled.size(), scaled.pixels.len()), (size, (size.width * size.height * 4) as usize));
            assert!(scaled.pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[..3] == [10, 200, 90]));
        }
    }
}
