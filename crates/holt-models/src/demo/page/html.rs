//! The page and its style as text.

use super::content::{Content, Emblem};
use super::{PageWish, section};
use crate::demo::words::escaped;

const PAGE: &str = include_str!("../files/page.html");
const STYLE: &str = include_str!("../files/style.css");

pub fn page(content: &Content, wish: &PageWish) -> String {
    let highlights = content
        .highlights
        .iter()
        .map(|(large, small)| format!("      <li><strong>{}</strong><span>{}</span></li>\n", escaped(large), escaped(small)));
    let sections = content.sections.iter().map(|(heading, paragraphs)| section(heading, paragraphs));
    fill(
        PAGE,
        &[
            ("{{theme}}", wish.theme.name()),
            ("{{title}}", &escaped(&content.title)),
            ("{{tagline}}", &escaped(&content.tagline)),
            ("{{emblem}}", &emblem(content.emblem)),
            ("{{highlights}}", &highlights.collect::<String>()),
            ("{{sections}}", &sections.collect::<String>()),
        ],
    )
}

pub fn style(content: &Content, wish: &PageWish) -> String {
    let hue = wish.colour.map_or(content.hue, super::Colour::hue);
    fill(STYLE, &[("{{hue}}", &hue.to_string())])
}

/// Fills in the places in the order in which they occur, so that nothing that is filled in is filled in again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((at, (place, value))) =
        values.iter().filter_map(|value| rest.find(value.0).map(|at| (at, value))).min_by_key(|(at, _)| *at)
    {
        filled.push_str(&rest[..at]);
        filled.push_str(value);
        rest = &rest[at + place.len()..];
    }
    filled + rest
}

fn emblem(emblem: Emblem) -> String {
    match emblem {
        Emblem::Otter => include_str!("../files/otter.svg").trim().to_owned(),
        Emblem::Bee => include_str!("../files/bee.svg").trim().to_owned(),
        Emblem::Cup => include_str!("../files/cup.svg").trim().to_owned(),
        Emblem::Moon => include_str!("../files/moon.svg").trim().to_owned(),
        Emblem::Rings(number) => rings(number),
    }
}

/// Circles that lie differently for every topic.
fn rings(number: u64) -> String {
    let mut drawing = String::from(r#"<svg class="emblem" viewBox="0 0 200 200" role="img" aria-label="A pattern of circles">"#);
    let mut bits = number;
    for ring in 0..7_u64 {
        let (x, y) = (60 + bits % 80, 60 + (bits / 80) % 80);
        let radius = 14 + ring * 9;
        let class = if ring % 2 == 0 { "line" } else { "soft" };
        drawing.push_str(&format!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}"/>"#));
        bits = bits.rotate_right(13);
    }
    drawing.push_str("</svg>");
    drawing
}
