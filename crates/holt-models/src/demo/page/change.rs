//! Changes to a page that is there.

use serde_json::json;

use super::content::Content;
use super::{Change, check_and_hand_out, file_name, section};
use crate::demo::introduce::ADD_A_KEY;
use crate::demo::replay::{Flow, Leave, Wanted};
use crate::demo::tasks::Desk;
use crate::demo::words::{capitalised, escaped, slug};

/// Where a piece of a file is replaced.
struct Edit {
    file: &'static str,
    old: String,
    new: String,
}

/// What a change comes to.
enum Outcome {
    Edits(Vec<Edit>),
    /// It is so already, or cannot be done; the text says which.
    Nothing(String),
}

pub fn change(desk: &mut Desk<'_>, changes: &[Change]) -> Flow<String> {
    let place = place_of_page(desk);
    let read = |file: &str| Wanted::new("read_file", json!({ "path": format!("{place}{file}") }));
    let files = desk.replay.calls("I read the page as it is now.", &[read("index.html"), read("style.css")])?;
    let [page, style] = files.as_slice() else { return Err(Leave::GiveUp("The page could not be read.".to_owned())) };
    if !page.succeeded() {
        let text = "I find no page here that I could change. Ask me for one first: \"make a small web page about otters\".";
        return Err(Leave::GiveUp(format!("{text}\n\nThis is the demo. {ADD_A_KEY}")));
    }
    let mut said = Vec::new();
    let mut edits = Vec::new();
    for change in changes {
        match outcome(change, &page.text, &style.text) {
            Outcome::Edits(more) => {
                said.push(description(change));
                edits.extend(more);
            }
            Outcome::Nothing(why) => said.push(why),
        }
    }
    if edits.is_empty() {
        return Ok(format!("{} I left the page as it is.", said.join(" ")));
    }
    for Edit { file, old, new } in edits {
        let edit = json!({ "path": format!("{place}{file}"), "old_text": old, "new_text": new });
        desk.replay.must(&format!("I change `{place}{file}`."), "changing the page", Wanted::new("edit_file", edit))?;
    }
    let name = name_of_page(desk, &place, &page.text);
    let checked = check_and_hand_out(desk, &place, &name)?;
    Ok(format!("{} {checked} The new version is handed out as `{name}.html`.\n\nThis was the demo. {ADD_A_KEY}", said.join(" ")))
}

/// The directory of the page that was last written, as far as the conversation tells.
fn place_of_page(desk: &Desk<'_>) -> String {
    let written = desk.conversation.all_steps().rev().filter(|step| step.tool == "write_file" && step.succeeded());
    let mut paths = written.filter_map(|step| step.arguments["path"].as_str());
    paths.find_map(|path| path.strip_suffix("index.html")).unwrap_or_default().to_owned()
}

/// What the page in one file is called: as before, else after its title.
fn name_of_page(desk: &Desk<'_>, place: &str, page: &str) -> String {
    let published = desk.conversation.all_steps().rev().filter(|step| step.tool == "publish_artifact");
    let mut paths = published.filter_map(|step| step.arguments["path"].as_str()?.strip_prefix(place)?.strip_suffix(".html"));
    let known = paths.find(|name| !name.contains('/') && *name != "index").map(str::to_owned);
    known.unwrap_or_else(|| file_name(between(page, "<title>", "</title>").unwrap_or_default()))
}

fn description(change: &Change) -> String {
    match change {
        Change::Theme(theme) => format!("The page is {} now.", theme.name()),
        Change::Colour(colour) => format!("Its colour is {} now.", colour.name()),
        Change::Title(title) => format!("Its title is \"{}\" now.", capitalised(title)),
        Change::Section(topic) => format!("It has a section about {topic} now."),
    }
}

fn outcome(change: &Change, page: &str, style: &str) -> Outcome {
    let foreign =
        |what: &str| Outcome::Nothing(format!("I could not find where this page keeps its {what}; it is not as I write them."));
    match change {
        Change::Theme(theme) => match between(page, "data-theme=\"", "\"") {
            None => foreign("theme"),
            Some(now) if now == theme.name() => Outcome::Nothing(format!("The page is {} already.", theme.name())),
            Some(now) => Outcome::Edits(vec![Edit {
                file: "index.html",
                old: format!("data-theme=\"{now}\""),
                new: format!("data-theme=\"{}\"", theme.name()),
            }]),
        },
        Change::Colour(colour) => match between(style, "--hue: ", ";") {
            None => foreign("colours"),
            Some(now) if now == colour.hue().to_string() => Outcome::Nothing(format!("The page is {} already.", colour.name())),
            Some(now) => Outcome::Edits(vec![Edit {
                file: "style.css",
                old: format!("--hue: {now};"),
                new: format!("--hue: {};", colour.hue()),
            }]),
        },
        Change::Title(title) => retitle(title, page).unwrap_or_else(|| foreign("title")),
        Change::Section(topic) => add_section(topic, page).unwrap_or_else(|| foreign("sections")),
    }
}

fn retitle(title: &str, page: &str) -> Option<Outcome> {
    let new = escaped(&capitalised(title));
    let mut edits = Vec::new();
    for (before, after) in [("<title>", "</title>"), ("<h1>", "</h1>")] {
        let now = between(page, before, after)?;
        if now != new {
            edits.push(Edit { file: "index.html", old: format!("{before}{now}{after}"), new: format!("{before}{new}{after}") });
        }
    }
    Some(if edits.is_empty() { Outcome::Nothing("That is its title already.".to_owned()) } else { Outcome::Edits(edits) })
}

fn add_section(topic: &str, page: &str) -> Option<Outcome> {
    const END: &str = "  </main>";
    if page.matches(END).count() != 1 {
        return None;
    }
    if page.contains(&format!("id=\"{}\"", slug(topic))) {
        return Some(Outcome::Nothing(format!("The page has a section about {topic} already.")));
    }
    let about = between(page, "<h1>", "</h1>").unwrap_or_default();
    let new = section(topic, &Content::section(about, topic));
    Some(Outcome::Edits(vec![Edit { file: "index.html", old: END.to_owned(), new: format!("{new}{END}") }]))
}

/// What stands between two marks, on one line.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let inner = &text[start..start + text[start..].find(after)?];
    (!inner.contains('\n')).then_some(inner)
}
