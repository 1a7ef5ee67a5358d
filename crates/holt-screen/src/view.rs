//! The screen as a model sees it: made smaller when it is larger than models look at closely, with its coordinates mapped
//! back to the real ones.

use crate::{Area, Point, Size};

/// What models look at without making it smaller themselves.
const LONGEST_EDGE: u32 = 1568;
const MOST_PIXELS: u64 = 1_150_000;

/// How a screen of some size is shown. It depends on that size alone, so no picture has to be remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub screen: Size,
    pub shown: Size,
}

impl View {
    pub fn of(screen: Size) -> Self {
        let (width, height) = (f64::from(screen.width.max(1)), f64::from(screen.height.max(1)));
        let by_edge = f64::from(LONGEST_EDGE) / width.max(height);
        let by_pixels = (MOST_PIXELS as f64 / (width * height)).sqrt();
        let factor = by_edge.min(by_pixels).min(1.0);
        let shown = |length: f64| ((length * factor).floor() as u32).max(1);
        Self { screen, shown: Size { width: shown(width), height: shown(height) } }
    }

    /// Where on the screen a point of the shown picture is: the middle of what it shows.
    pub fn to_screen(&self, point: Point) -> Point {
        map(point, self.shown, self.screen)
    }

    /// Where in the shown picture a point of the screen is.
    pub fn to_shown(&self, point: Point) -> Point {
        map(point, self.screen, self.shown)
    }

    /// The part of the screen that a part of the shown picture shows.
    pub fn area_to_screen(&self, from: Point, to: Point) -> Area {
        let edge = |at: i32, shown: u32, real: u32| (i64::from(at) * i64::from(real) / i64::from(shown.max(1))) as i32;
        let (left, right) = (from.x.min(to.x), from.x.max(to.x));
        let (top, bottom) = (from.y.min(to.y), from.y.max(to.y));
        let (x, y) = (edge(left, self.shown.width, self.screen.width), edge(top, self.shown.height, self.screen.height));
        let end_x = edge(right, self.shown.width, self.screen.width);
        let end_y = edge(bottom, self.shown.height, self.screen.height);
        Area { x, y, width: end_x.abs_diff(x), height: end_y.abs_diff(y) }
    }
}

/// The pixel that has the middle of the other one in it.
fn map(point: Point, from: Size, to: Size) -> Point {
    let along = |at: i32, from: u32, to: u32| {
        if from == to { at } else { ((f64::from(at) + 0.5) * f64::from(to) / f64::from(from.max(1))).floor() as i32 }
    };
    Point { x: along(point.x, from.width, to.width), y: along(point.y, from.height, to.height) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_screen_is_shown_as_it_is() {
        let size = Size { width: 1280, height: 800 };
        let view = View::of(size);
        assert_eq!(view.shown, size);
        assert_eq!(view.to_screen(Point { x: 1279, y: 3 }), Point { x: 1279, y: 3 });
    }

    #[test]
    fn a_large_screen_is_made_smaller_in_proportion() {
        let view = View::of(Size { width: 1920, height: 1080 });
        assert_eq!(view.shown, Size { width: 1429, height: 804 });
        let whole = view.area_to_screen(Point { x: 0, y: 0 }, Point { x: 1429, y: 804 });
        assert_eq!(whole, Area { x: 0, y: 0, width: 1920, height: 1080 });
    }

    proptest! {
        #[test]
        fn a_point_comes_back_and_stays_on_the_screen(
            width in 1u32..8000, height in 1u32..8000, across in 0.0f64..1.0, down in 0.0f64..1.0,
        ) {
            let view = View::of(Size { width, height });
            prop_assert!(view.shown.width <= LONGEST_EDGE && view.shown.height <= LONGEST_EDGE);
            prop_assert!(u64::from(view.shown.width) * u64::from(view.shown.height) <= MOST_PIXELS);
            let x = (f64::from(view.shown.width) * across) as i32;
            let y = (f64::from(view.shown.height) * down) as i32;
            let real = view.to_screen(Point { x, y });
            prop_assert!(real.x >= 0 && real.y >= 0 && real.x < width as i32 && real.y < height as i32);
            prop_assert_eq!(view.to_shown(real), Point { x, y });
        }
    }
}
