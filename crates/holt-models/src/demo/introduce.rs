//! For everything that the demo does not know: says what it is, and does one small real thing.

use serde_json::json;

use super::replay::{Flow, Wanted};
use super::tasks::Desk;
use super::words::{excerpt, listed};

/// How to get more than a demo.
pub const ADD_A_KEY: &str = "For a real model, add a provider with its key in the page's settings, or with `holt models add`; new \
                             sessions then begin with it.";

const ABILITIES: &str = "I can:\n\
    - make a small web page: \"make a small web page about otters\", and then \"now make it dark\" or \"add a section about food\"\n\
    - write a script with a test and run it: \"write a script that finds primes, with a test\"\n\
    - make a data file and draw a chart of it: \"make a data file about rainfall with a chart\"\n\
    - tell what is in the workspace: \"explain this workspace\"";

pub fn answer(desk: &mut Desk<'_>) -> Flow<String> {
    let words = "I am Holt's demo, a small script without a language model, so I did not understand that. What I can always do is \
                 look at what is here.";
    let listing = desk.replay.call(words, Wanted::new("list_files", json!({})))?;
    let here = if listing.succeeded() {
        what_is_here(&listing.text)
    } else {
        format!("I could not look into the workspace: {}", excerpt(&listing.text, 3))
    };
    Ok(format!("{here}\n\nThis was the demo, which knows only a handful of requests. {ABILITIES}\n\n{ADD_A_KEY}"))
}

fn what_is_here(listing: &str) -> String {
    const SHOWN: usize = 8;
    let entries = listed(listing);
    if entries.is_empty() {
        return "The workspace is empty.".to_owned();
    }
    let mark = |(directory, name): &(bool, String)| format!("`{name}{}`", if *directory { "/" } else { "" });
    let names: Vec<String> = entries.iter().take(SHOWN).map(mark).collect();
    let more = entries.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("In the workspace I see {}{rest}.", names.join(", "))
}
