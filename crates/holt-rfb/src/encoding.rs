//! The numbers of encodings and pseudo-encodings, and the set that a viewer understands.

/// Plain pixels.
pub const RAW: i32 = 0;
/// A copy from elsewhere on the screen.
pub const COPY_RECT: i32 = 1;
/// Rectangles of one colour.
pub const RRE: i32 = 2;
/// Tiles of 16 by 16.
pub const HEXTILE: i32 = 5;
/// Plain pixels through one zlib stream.
pub const ZLIB: i32 = 6;
/// Fills, palettes, zlib streams and JPEG.
pub const TIGHT: i32 = 7;
/// Run lengths in tiles.
pub const TRLE: i32 = 15;
/// Run lengths in tiles, through zlib.
pub const ZRLE: i32 = 16;
/// Tight with PNG in place of zlib.
pub const TIGHT_PNG: i32 = -260;

/// The size of the screen has changed.
pub const DESKTOP_SIZE: i32 = -223;
/// No rectangle follows in this update.
pub const LAST_RECT: i32 = -224;
/// The mouse pointer with a mask.
pub const CURSOR: i32 = -239;
/// The mouse pointer in two colours.
pub const X_CURSOR: i32 = -240;
/// Keys by position.
pub const QEMU_KEY: i32 = -258;
/// The keyboard's lights.
pub const LED_STATE: i32 = -261;
/// The desktop's name.
pub const DESKTOP_NAME: i32 = -307;
/// The size and the monitors, which a viewer may change.
pub const EXTENDED_DESKTOP_SIZE: i32 = -308;
/// Turning machines off and on.
pub const XVP: i32 = -309;
/// Fences.
pub const FENCE: i32 = -312;
/// Updates without being asked each time.
pub const CONTINUOUS_UPDATES: i32 = -313;
/// The mouse pointer with transparency.
pub const CURSOR_WITH_ALPHA: i32 = -314;
/// More than eight mouse buttons.
pub const EXTENDED_MOUSE: i32 = -316;
/// The mouse pointer as VMware writes it.
pub const VMWARE_CURSOR: i32 = 0x574d_5664;
/// Where the mouse pointer is.
pub const VMWARE_CURSOR_POSITION: i32 = 0x574d_5666;
/// The keyboard's lights as VMware writes them.
pub const VMWARE_LED_STATE: i32 = 0x574d_5668;
/// A clipboard that is asked for, in Unicode.
pub const EXTENDED_CLIPBOARD: i32 = 0xc0a1_e5ce_u32.cast_signed();

/// What we ask of the desktop's server: pixels as they are, for it is near, and everything about the screen that we pass on.
///
/// No copies within the screen: a few bytes of them could keep us busy for long, and the desktop is not to be trusted.
pub const UPSTREAM: [i32; 11] = [
    RAW,
    DESKTOP_SIZE,
    EXTENDED_DESKTOP_SIZE,
    LAST_RECT,
    DESKTOP_NAME,
    CURSOR_WITH_ALPHA,
    VMWARE_CURSOR_POSITION,
    LED_STATE,
    QEMU_KEY,
    EXTENDED_CLIPBOARD,
    EXTENDED_MOUSE,
];

/// Those of the encodings a viewer listed that this crate makes use of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Encodings(u16);

const USED: [i32; 13] = [
    TIGHT,
    DESKTOP_SIZE,
    EXTENDED_DESKTOP_SIZE,
    DESKTOP_NAME,
    CURSOR,
    CURSOR_WITH_ALPHA,
    VMWARE_CURSOR,
    LED_STATE,
    QEMU_KEY,
    FENCE,
    CONTINUOUS_UPDATES,
    EXTENDED_CLIPBOARD,
    EXTENDED_MOUSE,
];

impl Encodings {
    /// Whether the viewer listed it. False for those that make no difference here.
    pub fn has(self, encoding: i32) -> bool {
        USED.iter().position(|used| *used == encoding).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }
}

impl FromIterator<i32> for Encodings {
    fn from_iter<I: IntoIterator<Item = i32>>(listed: I) -> Self {
        let bits = listed.into_iter().filter_map(|encoding| USED.iter().position(|used| *used == encoding));
        Self(bits.fold(0, |set, bit| set | (1 << bit)))
    }
}
