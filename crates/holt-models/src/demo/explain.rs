//! Tells what is in the workspace, out of what it has really read: counts and quotations, no guesses.

use std::collections::BTreeMap;

use serde_json::json;

use super::introduce::ADD_A_KEY;
use super::replay::{Flow, Reply, Wanted};
use super::tasks::Desk;
use super::words::listed;

/// How many files are read.
const MOST_READ: usize = 4;
const LINES_READ: u64 = 60;

/// Files that say what a directory is about, the best first.
const TELLING: [&str; 14] = [
    "readme.md",
    "readme.txt",
    "readme",
    "readme.rst",
    "package.json",
    "cargo.toml",
    "pyproject.toml",
    "go.mod",
    "makefile",
    "index.html",
    "main.py",
    "main.rs",
    "app.py",
    "index.js",
];

pub fn look(desk: &mut Desk<'_>) -> Flow<String> {
    let list = Wanted::new("list_files", json!({}));
    let find = Wanted::new("find_files", json!({ "pattern": "*" }));
    let replies = desk.replay.calls("I look at what is here.", &[list, find])?;
    let [listing, found] = replies.as_slice() else { return Ok("I could not look into the workspace.".to_owned()) };
    if !listing.succeeded() {
        return Ok(super::replay::reason("looking at the workspace", listing));
    }
    let entries = listed(&listing.text);
    if entries.is_empty() {
        return Ok(format!(
            "The workspace is empty, so there is nothing to explain yet. Upload a file, or ask me for something: \"make a small \
             web page about otters\".\n\nThis was the demo. {ADD_A_KEY}"
        ));
    }
    let files = if found.succeeded() { paths(&found.text) } else { top_files(&entries) };
    let chosen = choose(&files);
    let read = |path: &String| Wanted::new("read_file", json!({ "path": path, "limit": LINES_READ }));
    let read: Vec<Wanted> = chosen.iter().map(read).collect();
    let contents = if read.is_empty() { Vec::new() } else { desk.replay.calls(&intention(&chosen), &read)? };
    Ok(summary(&entries, &files, &chosen, &contents))
}

fn intention(chosen: &[String]) -> String {
    let names: Vec<String> = chosen.iter().map(|path| format!("`{path}`")).collect();
    format!("I read what tells most: {}.", names.join(", "))
}

/// The files that `find_files` names: one line each, behind a first line about them.
fn paths(found: &str) -> Vec<String> {
    found.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('[')).map(str::to_owned).collect()
}

fn top_files(entries: &[(bool, String)]) -> Vec<String> {
    entries.iter().filter(|(directory, _)| !directory).map(|(_, name)| name.clone()).collect()
}

/// The most telling files first, nearer to the top before deeper ones, then whatever is text by its name.
fn choose(files: &[String]) -> Vec<String> {
    const TEXTS: [&str; 17] =
        ["md", "txt", "py", "rs", "js", "ts", "html", "css", "sh", "c", "h", "go", "java", "csv", "json", "toml", "yaml"];
    let rank = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let known = TELLING.iter().position(|telling| *telling == name);
        let text = TEXTS.iter().any(|ending| name.ends_with(&format!(".{ending}")));
        known.or(text.then_some(TELLING.len())).map(|rank| (rank + path.matches('/').count() * 4, path.clone()))
    };
    let mut ranked: Vec<(usize, String)> = files.iter().filter_map(rank).collect();
    ranked.sort();
    ranked.into_iter().take(MOST_READ).map(|(_, path)| path).collect()
}

fn summary(entries: &[(bool, String)], files: &[String], chosen: &[String], contents: &[Reply]) -> String {
    let directories: Vec<String> =
        entries.iter().filter(|(directory, _)| *directory).take(8).map(|(_, name)| format!("`{name}/`")).collect();
    let mut text = format!("The workspace holds {}{}.", counted(files.len(), "file"), kinds(files));
    if !directories.is_empty() {
        text.push_str(&format!(" At the top there are the directories {}.", directories.join(", ")));
    }
    text.push_str("\n\nWhat I read in it:\n");
    for (path, reply) in chosen.iter().zip(contents) {
        text.push_str(&format!(
            "- `{path}`: {}\n",
            if reply.succeeded() { quotation(path, &reply.text) } else { "could not be read".into() }
        ));
    }
    if chosen.is_empty() {
        text.push_str("- nothing: none of it looks like text to me\n");
    }
    text.push_str(&format!("\nThis was the demo: it counts and quotes, but it does not understand what it reads. {ADD_A_KEY}"));
    text
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The most frequent endings.
fn kinds(files: &[String]) -> String {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for path in files {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some((stem, ending)) = name.rsplit_once('.')
            && !stem.is_empty()
        {
            *count.entry(ending).or_default() += 1;
        }
    }
    let mut count: Vec<(&str, usize)> = count.into_iter().collect();
    count.sort_by_key(|(ending, number)| (std::cmp::Reverse(*number), *ending));
    let kinds: Vec<String> = count.iter().take(5).map(|(ending, number)| format!("{number} `.{ending}`")).collect();
    if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) }
}

/// What a file says of itself: its first words, without marks.
fn quotation(path: &str, text: &str) -> String {
    const MOST: usize = 160;
    let content = text.split_once("\n\n").filter(|(head, _)| head.starts_with("File: ")).map_or(text, |(_, content)| content);
    let said = |key: &str| {
        let line = content.lines().map(str::trim).find(|line| line.trim_start_matches('"').starts_with(key))?;
        let value = line.split_once([':', '='])?.1.trim_matches(|c: char| c.is_whitespace() || "\",'".contains(c));
        (!value.is_empty()).then(|| value.to_owned())
    };
    if [".json", ".toml"].iter().any(|ending| path.ends_with(ending))
        && let Some(name) = said("name")
    {
        let about = said("description").map_or_else(String::new, |about| format!(", \"{about}\""));
        return format!("calls itself \"{name}\"{about}");
    }
    if path.ends_with(".html")
        && let Some(title) = content.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"))
    {
        return format!("is a page with the title \"{}\"", title.0.trim().chars().take(MOST).collect::<String>());
    }
    let is_mark = |c: char| c.is_whitespace() || "#=-*/<!>\"'`;".contains(c);
    let lines =
        content.lines().map(|line| line.trim_matches(is_mark)).filter(|line| line.len() > 2 && !line.starts_with("doctype"));
    let first: Vec<&str> = lines.take(2).collect();
    if first.is_empty() {
        return "is empty".to_owned();
    }
    let words: String = first.join(" / ").chars().take(MOST).collect();
    format!("begins with \"{words}\" ({} read)", counted(content.lines().count(), "line"))
}
