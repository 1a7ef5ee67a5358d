//! A small web page, and what can be changed about it afterwards.
//!
//! What is changed is found in what was really read from the file, so a page that somebody has edited since is either
//! changed rightly or left alone with a word about it.

mod change;
mod content;
mod html;

use serde_json::json;

use super::introduce::ADD_A_KEY;
use super::replay::{Flow, Reply, Wanted};
use super::tasks::Desk;
use super::words::{capitalised, escaped, free_place, slug};
pub use change::change;
use content::Content;

/// What kind of page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageWish {
    pub topic: Option<String>,
    pub theme: Theme,
    pub colour: Option<Colour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Something to change about a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Theme(Theme),
    Colour(Colour),
    Title(String),
    Section(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Red,
    Orange,
    Yellow,
    Green,
    Teal,
    Blue,
    Purple,
    Pink,
}

impl Colour {
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "red" | "crimson" => Self::Red,
            "orange" | "brown" => Self::Orange,
            "yellow" | "gold" | "golden" => Self::Yellow,
            "green" => Self::Green,
            "teal" | "turquoise" | "cyan" => Self::Teal,
            "blue" | "navy" => Self::Blue,
            "purple" | "violet" => Self::Purple,
            "pink" | "magenta" => Self::Pink,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Teal => "teal",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Pink => "pink",
        }
    }

    /// Its angle on the colour wheel of `oklch`.
    fn hue(self) -> u16 {
        match self {
            Self::Red => 25,
            Self::Orange => 55,
            Self::Yellow => 90,
            Self::Green => 150,
            Self::Teal => 190,
            Self::Blue => 250,
            Self::Purple => 300,
            Self::Pink => 350,
        }
    }
}

pub fn make(desk: &mut Desk<'_>, wish: &PageWish) -> Flow<String> {
    let topic = wish.topic.clone().unwrap_or_else(|| "otters".to_owned());
    let content = Content::about(&topic);
    let words = format!("I will make a small page about {topic}. First I look at what is here, so that I replace nothing.");
    let listing = desk.replay.must(&words, "looking at the workspace", Wanted::new("list_files", json!({})))?;
    let name = file_name(&topic);
    let place = free_place(&listing.text, &["index.html", "style.css", &format!("{name}.html")], &format!("{name}-page"));

    let elsewhere = match place.as_str() {
        "" => String::new(),
        place => format!("There is a page here already, so this one goes into `{place}`. "),
    };
    let page = json!({ "path": format!("{place}index.html"), "content": html::page(&content, wish) });
    let words = format!("{elsewhere}Now the page itself, and then how it looks.");
    desk.replay.must(&words, "writing the page", Wanted::new("write_file", page))?;
    let style = json!({ "path": format!("{place}style.css"), "content": html::style(&content, wish) });
    desk.replay.must("Next, the style.", "writing the style", Wanted::new("write_file", style))?;

    let checked = check_and_hand_out(desk, &place, &name)?;
    let invented = if content.is_known {
        "Its facts were written by the people who made Holt."
    } else {
        "I know nothing about this, so its words are a frame to fill, not facts."
    };
    let default = if wish.topic.is_none() { " You named no topic, so I took Holt's own." } else { "" };
    Ok(format!(
        "Your page about {topic} is ready.{default}\n\n\
         - `{place}index.html` and `{place}style.css`, to work on\n\
         - `{place}{name}.html`, the same in one file, handed out as a download\n\n{checked}\n\n\
         You can say \"now make it dark\", \"make it green\", \"change the title to …\" or \"add a section about food\".\n\n\
         This was the demo. {invented} {ADD_A_KEY}"
    ))
}

/// What the page in one file is called; never what its parts are called.
fn file_name(topic: &str) -> String {
    match slug(topic) {
        name if name == "index" => "page".to_owned(),
        name => name,
    }
}

/// Checks the page with a command, puts it into one file, and hands that out. Says what the check said.
fn check_and_hand_out(desk: &mut Desk<'_>, place: &str, name: &str) -> Flow<String> {
    const CHECK: &str = include_str!("../files/check.sh");
    let directory = if place.is_empty() { "." } else { place.trim_end_matches('/') };
    let command = format!("page={name}.html\n{CHECK}");
    let check = Wanted::new("execute_command", json!({ "command": command, "cwd": directory }));
    let words = "I check that the page is sound, and put it into one file that can be opened anywhere.";
    let checked = desk.replay.must(words, "checking the page", check)?;
    let publish = Wanted::new("publish_artifact", json!({ "path": format!("{place}{name}.html") }));
    let published = desk.replay.call("It is sound. I hand it out as a download.", publish)?;
    Ok(report(&checked, &published))
}

fn report(checked: &Reply, published: &Reply) -> String {
    let lines: Vec<&str> = checked.output().lines().map(str::trim).filter(|line| line.starts_with("checked")).collect();
    let checked =
        if lines.is_empty() { "The check passed.".to_owned() } else { format!("The check says: {}.", lines.join("; ")) };
    if published.succeeded() {
        checked
    } else {
        format!("{checked} Handing it out as a download did not work, but the files are in the workspace.")
    }
}

/// One section of a page.
fn section(heading: &str, paragraphs: &[String]) -> String {
    let heading_text = capitalised(heading);
    let mut section =
        format!("    <section class=\"card\" id=\"{}\">\n      <h2>{}</h2>\n", slug(heading), escaped(&heading_text));
    for paragraph in paragraphs {
        section.push_str(&format!("      <p>{}</p>\n", escaped(paragraph)));
    }
    section.push_str("    </section>\n");
    section
}
