//! Streams as servers and viewers may send them, made from a seed.

use holt_rfb::encoding as e;

/// A generator of numbers; the same seed gives the same.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

pub const SIDE: usize = 50;
const PIXEL: usize = 4;
/// Of a pixel in Tight and in run lengths.
const SHORT: usize = 3;

fn put_u16(out: &mut Vec<u8>, value: usize) {
    out.extend(u16::try_from(value).unwrap().to_be_bytes());
}

fn put_u32(out: &mut Vec<u8>, value: usize) {
    out.extend(u32::try_from(value).unwrap().to_be_bytes());
}

fn put_head(out: &mut Vec<u8>, area: [usize; 4], encoding: i32) {
    area.into_iter().for_each(|value| put_u16(out, value));
    out.extend(encoding.to_be_bytes());
}

/// An update in which each kind of rectangle may occur, and how many rectangles it has.
pub fn update(dice: &mut Dice) -> (Vec<u8>, usize) {
    let count = 1 + dice.below(6);
    let endless = dice.below(2) == 0;
    let mut out = vec![0, 0];
    put_u16(&mut out, if endless { 0xffff } else { count });
    (0..count).for_each(|_| rectangle(dice, &mut out));
    if endless {
        put_head(&mut out, [0; 4], e::LAST_RECT);
    }
    (out, count + usize::from(endless))
}

fn rectangle(dice: &mut Dice, out: &mut Vec<u8>) {
    const KINDS: [i32; 20] = [
        e::RAW,
        e::COPY_RECT,
        e::RRE,
        e::HEXTILE,
        e::ZLIB,
        e::TIGHT,
        e::TIGHT,
        e::TIGHT,
        e::TIGHT_PNG,
        e::TRLE,
        e::TRLE,
        e::ZRLE,
        e::CURSOR,
        e::X_CURSOR,
        e::CURSOR_WITH_ALPHA,
        e::VMWARE_CURSOR,
        e::DESKTOP_NAME,
        e::LED_STATE,
        e::EXTENDED_DESKTOP_SIZE,
        e::QEMU_KEY,
    ];
    let kind = KINDS[dice.below(KINDS.len())];
    let (width, height) = (1 + dice.below(40), 1 + dice.below(40));
    let area = [dice.below(SIDE - width), dice.below(SIDE - height), width, height];
    let mask = width.div_ceil(8) * height;
    match kind {
        e::EXTENDED_DESKTOP_SIZE => put_head(out, [0, 0, SIDE, SIDE], kind),
        _ => put_head(out, area, kind),
    }
    match kind {
        e::RAW => out.extend(dice.bytes(width * height * PIXEL)),
        e::COPY_RECT => out.extend([0; 4]),
        e::RRE => {
            let count = dice.below(9).min(width * height);
            put_u32(out, count);
            out.extend(dice.bytes(PIXEL + count * (PIXEL + 8)));
        }
        e::HEXTILE => tiles(width, height, |width, height| hextile(dice, width, height, out)),
        e::TRLE => {
            let mut palette = 0;
            tiles(width, height, |width, height| trle(dice, width * height, (width, height), &mut palette, out));
        }
        e::ZLIB | e::ZRLE => {
            let count = dice.below(300);
            put_u32(out, count);
            out.extend(dice.bytes(count));
        }
        e::TIGHT | e::TIGHT_PNG => tight(dice, width, height, out),
        e::CURSOR => out.extend(dice.bytes(width * height * PIXEL + mask)),
        e::X_CURSOR => out.extend(dice.bytes(6 + 2 * mask)),
        e::CURSOR_WITH_ALPHA => {
            out.extend([0; 4]);
            out.extend(dice.bytes(width * height * 4));
        }
        e::VMWARE_CURSOR => {
            let alpha = dice.below(2);
            out.extend([u8::try_from(alpha).unwrap(), 0]);
            out.extend(dice.bytes(width * height * 4 * (2 - alpha)));
        }
        e::DESKTOP_NAME => {
            put_u32(out, 5);
            out.extend(b"Hello");
        }
        e::LED_STATE => out.push(3),
        e::EXTENDED_DESKTOP_SIZE => {
            out.extend([2, 0, 0, 0]);
            out.extend(dice.bytes(32));
        }
        _ => {}
    }
}

fn tiles(width: usize, height: usize, mut each: impl FnMut(usize, usize)) {
    for y in (0..height).step_by(16) {
        for x in (0..width).step_by(16) {
            each((width - x).min(16), (height - y).min(16));
        }
    }
}

fn hextile(dice: &mut Dice, width: usize, height: usize, out: &mut Vec<u8>) {
    let kind = dice.byte() & 0x1f;
    out.push(kind);
    if kind & 1 != 0 {
        return out.extend(dice.bytes(width * height * PIXEL));
    }
    let colours = usize::from(kind >> 1 & 1) + usize::from(kind >> 2 & 1);
    out.extend(dice.bytes(colours * PIXEL));
    if kind & 8 != 0 {
        let count = dice.below(10);
        out.push(u8::try_from(count).unwrap());
        out.extend(dice.bytes(count * if kind & 16 != 0 { PIXEL + 2 } else { 2 }));
    }
}

fn trle(dice: &mut Dice, area: usize, (width, height): (usize, usize), palette: &mut usize, out: &mut Vec<u8>) {
    let kind = match dice.below(6) {
        0 => 0,
        1 => 1,
        2 => 2 + dice.below(15),
        3 => 128,
        4 => 130 + dice.below(126),
        _ if *palette == 0 => 1,
        _ if *palette <= 16 && dice.below(2) == 0 => 127,
        _ => 129,
    };
    out.push(u8::try_from(kind).unwrap());
    match kind {
        0 => out.extend(dice.bytes(area * SHORT)),
        1 => out.extend(dice.bytes(SHORT)),
        2..=16 => *palette = kind,
        130..=255 => *palette = kind - 128,
        _ => {}
    }
    if matches!(kind, 2..=16 | 130..=255) {
        out.extend(dice.bytes(*palette * SHORT));
    }
    match kind {
        2..=16 | 127 => {
            let bits = if *palette <= 2 {
                1
            } else if *palette <= 4 {
                2
            } else {
                4
            };
            out.extend(dice.bytes(height * (width * bits).div_ceil(8)));
        }
        128.. => runs(dice, area, kind == 128, out),
        _ => {}
    }
}

fn runs(dice: &mut Dice, area: usize, plain: bool, out: &mut Vec<u8>) {
    let mut left = area;
    while left > 0 {
        let length = 1 + dice.below(left);
        left -= length;
        if plain {
            out.extend(dice.bytes(SHORT));
        } else if length == 1 {
            out.push(dice.byte() & 0x7f);
            continue;
        } else {
            out.push(dice.byte() | 0x80);
        }
        let more = length - 1;
        out.extend(std::iter::repeat_n(255, more / 255));
        out.push(u8::try_from(more % 255).unwrap());
    }
}

fn tight(dice: &mut Dice, width: usize, height: usize, out: &mut Vec<u8>) {
    let stream = u8::try_from(dice.below(4)).unwrap() << 4;
    let resets = dice.byte() & 15;
    let size = match dice.below(6) {
        0 => {
            out.push(0x80 | resets);
            return out.extend(dice.bytes(SHORT));
        }
        1 => {
            out.push(0x90 | resets);
            return compact(dice, out);
        }
        2 => {
            out.extend([0x40 | stream | resets, 2]);
            width * height * SHORT
        }
        3 | 4 => {
            let colours = if dice.below(2) == 0 { 2 } else { 3 + dice.below(254) };
            out.extend([0x40 | stream | resets, 1, u8::try_from(colours - 1).unwrap()]);
            out.extend(dice.bytes(colours * SHORT));
            height * if colours == 2 { width.div_ceil(8) } else { width }
        }
        _ => {
            out.push(stream | resets);
            width * height * SHORT
        }
    };
    if size < 12 { out.extend(dice.bytes(size)) } else { compact(dice, out) }
}

fn compact(dice: &mut Dice, out: &mut Vec<u8>) {
    let bound = [100, 1000, 40_000][dice.below(3)];
    let length = dice.below(bound);
    let byte = |shift: usize| u8::try_from(length >> shift & 0x7f).unwrap();
    match length {
        0..0x80 => out.push(byte(0)),
        0x80..0x4000 => out.extend([byte(0) | 0x80, byte(7)]),
        _ => out.extend([byte(0) | 0x80, byte(7) | 0x80, u8::try_from(length >> 14).unwrap()]),
    }
    out.extend(dice.bytes(length));
}

/// A message of a server that is no update.
pub fn server_message(dice: &mut Dice) -> Vec<u8> {
    match dice.below(5) {
        0 => vec![2],
        1 => [&[3, 0, 0, 0, 0, 0, 0, 5][..], b"clip!"].concat(),
        2 => vec![248, 0, 0, 0, 0x80, 0, 0, 3, 2, 7, 7],
        3 => vec![150],
        _ => vec![250, 0, 1, 1],
    }
}
