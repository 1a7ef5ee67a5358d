//! A data file and a chart of it, drawn by a script that is left behind for the next time.

use serde_json::json;

use super::introduce::ADD_A_KEY;
use super::replay::{Flow, Wanted};
use super::script::{directory, look};
use super::tasks::Desk;
use super::wish::ChartWish;
use super::words::{excerpt, fingerprint, free_place, listed, slug};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Where the numbers come from.
struct Source {
    file: String,
    /// What stands in a new file; nothing when a file that is there is used.
    content: Option<String>,
    place: String,
}

pub fn make(desk: &mut Desk<'_>, wish: &ChartWish) -> Flow<String> {
    let (listing, python) = look(desk, "First I look at what is here, and whether there is Python to draw with.")?;
    let (script, content, run) = if python.succeeded() {
        ("chart.py", include_str!("files/chart.py"), "python3 chart.py")
    } else {
        ("chart.sh", include_str!("files/chart.sh"), "sh chart.sh")
    };
    let source = source(wish, &listing.text, script);
    let Source { file, place, .. } = &source;
    let path = |name: &str| format!("{place}{name}");

    if let Some(numbers) = &source.content {
        let write = Wanted::new("write_file", json!({ "path": path(file), "content": numbers }));
        desk.replay.must("I begin with the data: a year of made-up numbers.", "writing the data", write)?;
    }
    let language = if python.succeeded() { "Now the script that draws." } else { "There is no Python here, so awk has to draw." };
    let write = Wanted::new("write_file", json!({ "path": path(script), "content": content }));
    desk.replay.must(language, "writing the script", write)?;

    let command = format!("{run} '{file}' chart.svg");
    let run = Wanted::new("execute_command", json!({ "command": command, "cwd": directory(place) }));
    let drawn = desk.replay.must("I draw the chart.", "drawing the chart", run)?;
    let publish = Wanted::new("publish_artifact", json!({ "path": path("chart.svg") }));
    let published = desk.replay.call("I hand the chart out as a download.", publish)?;

    let data = if source.content.is_some() {
        format!("- `{}`: the data. I made the numbers up, as sample data", path(file))
    } else {
        format!("- `{}`: your data, as it was", path(file))
    };
    let handed =
        if published.succeeded() { ", handed out as a download" } else { " (handing it out as a download did not work)" };
    Ok(format!(
        "The chart is drawn.\n\n{data}\n- `{}`: the script\n- `{}`: the chart{handed}\n\n```\n{}\n```\n\n\
         Change the numbers and say \"run it again\".\n\nThis was the demo. {ADD_A_KEY}",
        path(script),
        path("chart.svg"),
        excerpt(drawn.output(), 8),
    ))
}

/// The file that was named, if it is there and its name is harmless in a command; else a new one.
fn source(wish: &ChartWish, listing: &str, script: &str) -> Source {
    let harmless =
        |name: &&String| name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !name.starts_with('-');
    let named = wish.file.as_ref().filter(harmless);
    if let Some(file) = named.filter(|file| listed(listing).iter().any(|(directory, name)| !directory && name == *file)) {
        return Source { file: file.clone(), content: None, place: String::new() };
    }
    let subject = wish.subject.clone().unwrap_or_else(|| "visitors".to_owned());
    let name = slug(&subject);
    let file = format!("{name}.csv");
    let place = free_place(listing, &[&file, script, "chart.svg"], &format!("{name}-chart"));
    Source { content: Some(numbers(&subject)), file, place }
}

/// A year of numbers that rise to summer and fall to winter, a little different for every subject.
fn numbers(subject: &str) -> String {
    const SEASON: [u64; 12] = [18, 22, 33, 48, 64, 82, 96, 91, 70, 47, 29, 20];
    let column: String = subject.chars().filter(|c| !matches!(c, ',' | '"' | '\n')).collect();
    let number = fingerprint(subject);
    let value = |month: usize| {
        let noise = (number >> (month * 5)) % 23;
        SEASON[(month + usize::try_from(number % 12).unwrap_or(0)) % 12] + noise
    };
    let rows = MONTHS.iter().enumerate().map(|(month, name)| format!("{name},{}\n", value(month)));
    format!("month,{column}\n{}", rows.collect::<String>())
}
