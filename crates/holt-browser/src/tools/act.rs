//! Acting on elements: clicking, filling, typing, choosing, pressing, scrolling.

use holt_toolbox::answer::{Answer, Failure, Outcome};
use holt_toolbox::catalogue::browser::{ClickOn, Fill, OneElement, PressKey, ScrollBy, Select, TypeText, Upload};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Task;
use crate::elements::{At, Element, Needs};
use crate::keys::{Chord, Key};
use crate::text::line;

const MAX_TYPED: usize = 10_000;
const MAX_FILES: usize = 20;

#[derive(Deserialize)]
struct Filled {
    how: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Chosen {
    state: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    chosen: Vec<String>,
}

impl Task<'_> {
    pub async fn click(&self, wanted: &ClickOn) -> Outcome {
        let button = match wanted.button.as_deref().unwrap_or("left") {
            button @ ("left" | "middle" | "right") => button,
            other => {
                let message = format!("`{}` is not `left`, `middle` or `right`.", line(other, 40));
                return Err(Failure::new("bad_arguments", message));
            }
        };
        let held = chord(wanted.hold.as_deref())?;
        let (_, at) = self.live.until_ready(self.tab, &wanted.target, Needs::CLICK, &self.patience).await?;
        let times = wanted.clicks.unwrap_or(1).clamp(1, 3);
        self.patience.because("page_slow", "the page does not react");
        self.point_and_click(at, button, times, held.modifiers()).await?;
        self.settle().await;
        let how = if times > 1 { format!(" {times} times") } else { String::new() };
        self.done(&format!("Clicked `{}`{how}.", line(&wanted.target, 100)))
    }

    pub async fn point_and_click(&self, at: At, button: &str, times: u64, modifiers: u32) -> Result<(), Failure> {
        let session = self.session()?;
        self.mouse(&session, "mouseMoved", at, json!({ "modifiers": modifiers })).await?;
        for count in 1..=times {
            let press = json!({ "button": button, "clickCount": count, "modifiers": modifiers });
            self.mouse(&session, "mousePressed", at, press.clone()).await?;
            self.mouse(&session, "mouseReleased", at, press).await?;
        }
        Ok(())
    }

    pub async fn mouse(&self, session: &str, kind: &str, at: At, mut more: Value) -> Result<(), Failure> {
        more["type"] = json!(kind);
        (more["x"], more["y"]) = (json!(at.x), json!(at.y));
        Ok(self.live.act(session, "Input.dispatchMouseEvent", more).await?)
    }

    pub async fn hover(&self, wanted: &OneElement) -> Outcome {
        let (_, at) = self.live.until_ready(self.tab, &wanted.target, Needs::HOVER, &self.patience).await?;
        self.mouse(&self.session()?, "mouseMoved", at, json!({})).await?;
        self.settle().await;
        self.done(&format!("The mouse is over `{}`.", line(&wanted.target, 100)))
    }

    pub async fn fill(&self, wanted: &Fill) -> Outcome {
        let target = line(&wanted.target, 100);
        let (element, _) = self.live.until_ready(self.tab, &wanted.target, Needs::FILL, &self.patience).await?;
        self.patience.because("page_slow", "the page does not react");
        let filled: Filled = self.live.on(&element, "fill", &[json!(wanted.text)]).await?;
        let refuse = |code, why: &str| Err(Failure::new(code, format!("`{target}` cannot be filled: {why}")));
        match filled.how.as_str() {
            "done" => {}
            "click" => {
                let (_, at) = self.live.until_ready(self.tab, &wanted.target, Needs::CLICK, &self.patience).await?;
                self.point_and_click(at, "left", 1, 0).await?;
            }
            "type" => self.put_in(&element, &wanted.text).await?,
            "select" => return refuse("is_a_list", "it is a list. Use `browser_select`."),
            "upload" => return refuse("is_a_file_field", "it takes files. Use `browser_upload`."),
            "refused" => {
                return refuse("bad_value", &format!("it does not take that; it holds \"{}\".", line(&filled.value, 100)));
            }
            _ => return refuse("no_field", &format!("it is no field but {}.", line(&filled.value, 160))),
        }
        if wanted.submit == Some(true) {
            self.keys(&Chord { held: Vec::new(), last: Some(Key::of_letter('\n')) }).await?;
        }
        self.settle().await;
        self.done(&format!("Filled `{target}`."))
    }

    /// Puts text in place of what is selected, as a keyboard of all scripts would.
    async fn put_in(&self, element: &Element, text: &str) -> Result<(), Failure> {
        let session = self.session()?;
        if text.is_empty() {
            let delete = Chord::read("Delete").unwrap_or(Chord { held: Vec::new(), last: None });
            return self.keys(&delete).await;
        }
        self.live.act(&session, "Input.insertText", json!({ "text": text })).await?;
        let held: Option<Option<String>> = self.live.on(element, "value", &[]).await.ok();
        // A field may format what it gets, but not hold nothing of it.
        if let Some(Some(value)) = held
            && value.is_empty()
        {
            let message = "The field holds nothing after it was filled: it takes no such text, or the page empties it.";
            return Err(Failure::new("bad_value", message));
        }
        Ok(())
    }

    pub async fn type_text(&self, wanted: &TypeText) -> Outcome {
        let count = wanted.text.chars().count();
        if count > MAX_TYPED {
            return Err(Failure::new(
                "too_long",
                format!("At most {MAX_TYPED} characters are typed at once. Use `browser_fill`."),
            ));
        }
        self.focus(wanted.target.as_deref()).await?;
        self.patience.because("page_slow", "the page does not take keys as fast as they are typed");
        for letter in wanted.text.chars() {
            self.keys(&Chord { held: Vec::new(), last: Some(Key::of_letter(letter)) }).await?;
        }
        self.settle().await;
        self.done(&format!("Typed {count} characters."))
    }

    async fn focus(&self, target: Option<&str>) -> Result<(), Failure> {
        let Some(target) = target else { return Ok(()) };
        let (element, _) = self.live.until_ready(self.tab, target, Needs::USE, &self.patience).await?;
        self.live.on::<IgnoredAny>(&element, "focus", &[]).await?;
        Ok(())
    }

    async fn keys(&self, chord: &Chord) -> Result<(), Failure> {
        let session = self.session()?;
        for event in chord.events() {
            self.live.act(&session, "Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    pub async fn press(&self, wanted: &PressKey) -> Outcome {
        let chord = chord(Some(&wanted.key))?;
        self.focus(wanted.target.as_deref()).await?;
        self.patience.because("page_slow", "the page does not react");
        self.keys(&chord).await?;
        self.settle().await;
        self.done(&format!("Pressed {}.", line(&wanted.key, 60)))
    }

    pub async fn select(&self, wanted: &Select) -> Outcome {
        let target = line(&wanted.target, 100);
        let (element, _) = self.live.until_ready(self.tab, &wanted.target, Needs::USE, &self.patience).await?;
        let chosen: Chosen = self.live.on(&element, "select", &[json!(wanted.options)]).await?;
        let what = line(&chosen.what, 160);
        match chosen.state.as_str() {
            "done" => {
                self.settle().await;
                self.done(&format!("Chose {} in `{target}`.", line(&chosen.chosen.join(", "), 300)))
            }
            "no_option" => {
                let all = line(&chosen.options.join(" | "), 1000);
                Err(Failure::new("no_option", format!("`{target}` has no entry \"{what}\". It has: {all}.")))
            }
            "disabled" => Err(Failure::new("disabled", format!("The entry \"{what}\" of `{target}` is disabled."))),
            "only_one" => Err(Failure::new("only_one", format!("In `{target}` only one entry can be chosen."))),
            _ => {
                Err(Failure::new("no_list", format!("`{target}` is no list but {what}. Click to open it, then click an entry.")))
            }
        }
    }

    pub async fn upload(&self, wanted: &Upload) -> Outcome {
        if wanted.files.len() > MAX_FILES {
            return Err(Failure::new("too_many_files", format!("At most {MAX_FILES} files are given at once.")));
        }
        let options = &self.browser.options;
        let mut paths = Vec::new();
        for file in &wanted.files {
            let name = file.rsplit_once("downloads/").map_or(file.as_str(), |(_, name)| name);
            crate::files::to_give(&options.downloads, name, options.max_download).map_err(|error| {
                let message = format!(
                    "`{}` cannot be given to the page: {error}. Put it into the downloads directory first.",
                    line(file, 100)
                );
                Failure::new("no_such_download", message)
            })?;
            paths.push(options.downloads.join(name).display().to_string());
        }
        let needs = Needs { enabled: true, ..Needs::EXIST };
        let (element, _) = self.live.until_ready(self.tab, &wanted.target, needs, &self.patience).await?;
        let given = json!({ "files": paths, "objectId": element.object });
        self.live.act(&element.at.session, "DOM.setFileInputFiles", given).await?;
        self.settle().await;
        self.done(&format!("Gave {} files to `{}`.", paths.len(), line(&wanted.target, 100)))
    }

    pub async fn scroll(&self, wanted: &ScrollBy) -> Outcome {
        #[derive(Deserialize)]
        struct Scrolled {
            x: f64,
            y: f64,
            moved: bool,
        }
        let by = [json!(wanted.distance_x), json!(wanted.distance)];
        let scrolled: Scrolled = match &wanted.target {
            Some(target) => {
                let (element, _) = self.live.until_ready(self.tab, target, Needs::SEE, &self.patience).await?;
                self.live.on(&element, "scroll", &by).await?
            }
            None => {
                let frames = self.live.frames(self.tab).await?;
                let top = frames.first().ok_or_else(|| Failure::new("no_page", "the tab has no page"))?;
                let down = wanted.distance.map_or(Value::Null, |distance| json!(distance));
                let across = wanted.distance_x.map_or(json!(0), |distance| json!(distance));
                self.live.in_frame(top, "scroll", &[across, down]).await?
            }
        };
        let end = if scrolled.moved { "" } else { " It did not move: that is its end." };
        let text = format!("Scrolled; the place is now ({}, {}).{end}", scrolled.x.round(), scrolled.y.round());
        Ok(Answer::new(text, json!({ "x": scrolled.x, "y": scrolled.y, "moved": scrolled.moved })))
    }
}

fn chord(keys: Option<&str>) -> Result<Chord, Failure> {
    let Some(keys) = keys else { return Ok(Chord { held: Vec::new(), last: None }) };
    Chord::read(keys).ok_or_else(|| {
        Failure::new("unknown_key", format!("`{}` is no key. Keys are such as `Enter`, `Control+a`, `F5`.", line(keys, 60)))
    })
}
