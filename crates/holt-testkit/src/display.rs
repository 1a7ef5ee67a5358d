//! A viewer of remote desktops as simple as can be, to see what an update shows. It shares no code with what it looks at.

#![expect(clippy::unwrap_used, reason = "a test whose stream is malformed has failed")]

use flate2::{Decompress, FlushDecompress};

/// What a viewer shows: pixels as `0x00RRGGBB`, and what it was told.
#[derive(Debug)]
pub struct Display {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u32>,
    pub name: Option<String>,
    pub pointer: Option<(usize, usize)>,
    pub resizes: Vec<(u16, u16)>,
    pub told: Vec<i32>,
    /// Fences and other messages, by type.
    pub messages: Vec<u8>,
    streams: [Decompress; 4],
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn u8(&mut self) -> usize {
        usize::from(self.take(1)[0])
    }

    fn u16(&mut self) -> usize {
        usize::from(u16::from_be_bytes(self.take(2).try_into().unwrap()))
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn compact(&mut self) -> usize {
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.u8();
            length |= (if shift == 14 { byte } else { byte & 0x7f }) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift == 21 {
                return length;
            }
        }
    }

    fn rgb(&mut self) -> u32 {
        let rgb = self.take(3);
        u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]])
    }
}

impl Display {
    pub fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self {
            width,
            height,
            pixels: vec![0xdead_beef; width * height],
            name: None,
            pointer: None,
            resizes: Vec::new(),
            told: Vec::new(),
            messages: Vec::new(),
            streams: std::array::from_fn(|_| Decompress::new(true)),
        }
    }

    /// Takes whole messages.
    pub fn show(&mut self, bytes: &[u8]) {
        let mut input = Cursor(bytes);
        while !input.0.is_empty() {
            match input.u8() {
                0 => self.update(&mut input),
                248 => {
                    input.take(7);
                    let payload = input.u8();
                    input.take(payload);
                    self.messages.push(248);
                }
                3 => {
                    input.take(3);
                    let length = input.i32().unsigned_abs() as usize;
                    input.take(length);
                    self.messages.push(3);
                }
                other => self.messages.push(u8::try_from(other).unwrap()),
            }
        }
    }

    fn update(&mut self, input: &mut Cursor<'_>) {
        input.take(1);
        for _ in 0..input.u16() {
            let (x, y, width, height) = (input.u16(), input.u16(), input.u16(), input.u16());
            match input.i32() {
                0 => {
                    for row in y..y + height {
                        for column in x..x + width {
                            let pixel = u32::from_le_bytes(input.take(4).try_into().unwrap());
                            self.pixels[row * self.width + column] = pixel;
                        }
                    }
                }
                7 => self.tight(input, x, y, width, height),
                -308 => {
                    let monitors = input.u8();
                    input.take(3 + 16 * monitors);
                    self.resize(x, y, width, height);
                }
                -223 => self.resize(0, 0, width, height),
                -307 => {
                    let length = usize::try_from(input.i32()).unwrap();
                    self.name = Some(String::from_utf8(input.take(length).to_vec()).unwrap());
                }
                0x574d_5664 => {
                    input.take(2 + width * height * 4);
                    self.pointer = Some((width, height));
                }
                -261 => drop(input.take(1)),
                other => self.told.push(other),
            }
        }
    }

    fn resize(&mut self, reason: usize, status: usize, width: usize, height: usize) {
        self.resizes.push((u16::try_from(reason).unwrap(), u16::try_from(status).unwrap()));
        if status == 0 && (width, height) != (self.width, self.height) {
            (self.width, self.height) = (width, height);
            self.pixels = vec![0xdead_beef; width * height];
        }
    }

    fn tight(&mut self, input: &mut Cursor<'_>, x: usize, y: usize, width: usize, height: usize) {
        let control = input.u8();
        for stream in 0..4 {
            if control >> stream & 1 == 1 {
                self.streams[stream].reset(true);
            }
        }
        let pixels = match control >> 4 {
            8 => vec![input.rgb(); width * height],
            basic @ 0..8 => self.basic(input, basic, width, height),
            other => panic!("unexpected Tight rectangle {other}"),
        };
        for (row, line) in pixels.chunks(width).enumerate() {
            let begin = (y + row) * self.width + x;
            self.pixels[begin..begin + width].copy_from_slice(line);
        }
    }

    fn basic(&mut self, input: &mut Cursor<'_>, basic: usize, width: usize, height: usize) -> Vec<u32> {
        let filter = if basic & 4 != 0 { input.u8() } else { 0 };
        if filter == 0 {
            let data = self.inflate(input, basic & 3, width * height * 3);
            return data.chunks(3).map(|rgb| u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]])).collect();
        }
        assert_eq!(filter, 1);
        let colours = input.u8() + 1;
        let palette: Vec<u32> = (0..colours).map(|_| input.rgb()).collect();
        if colours > 2 {
            let data = self.inflate(input, basic & 3, width * height);
            return data.iter().map(|index| palette[usize::from(*index)]).collect();
        }
        let row = width.div_ceil(8);
        let data = self.inflate(input, basic & 3, row * height);
        let bit = |column: usize, line: &[u8]| palette[usize::from(line[column / 8] >> (7 - column % 8) & 1)];
        data.chunks(row).flat_map(|line| (0..width).map(move |column| bit(column, line))).collect()
    }

    fn inflate(&mut self, input: &mut Cursor<'_>, stream: usize, size: usize) -> Vec<u8> {
        if size < 12 {
            return input.take(size).to_vec();
        }
        let packed = input.compact();
        let packed = input.take(packed);
        let mut data = Vec::with_capacity(size + 64);
        self.streams[stream].decompress_vec(packed, &mut data, FlushDecompress::Sync).unwrap();
        assert_eq!(data.len(), size, "a Tight rectangle holds exactly its pixels");
        data
    }
}

/// A viewer's list of encodings as a message.
pub fn set_encodings(list: &[i32]) -> Vec<u8> {
    let mut message = vec![2, 0];
    message.extend(u16::try_from(list.len()).unwrap().to_be_bytes());
    list.iter().for_each(|encoding| message.extend(encoding.to_be_bytes()));
    message
}

/// What noVNC lists.
pub const NOVNC: [i32; 22] = [
    1,
    7,
    -260,
    16,
    21,
    5,
    2,
    6,
    0,
    -26,
    -254,
    -223,
    -224,
    -258,
    -261,
    -308,
    -309,
    -312,
    -313,
    -307,
    0xc0a1_e5ce_u32 as i32,
    -316,
];

/// A request for an update of everything.
pub fn request(incremental: bool) -> Vec<u8> {
    vec![3, u8::from(incremental), 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]
}
