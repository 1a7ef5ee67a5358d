//! What people ask for, as far as a script can tell: by keywords, in English, with patience.

use super::page::{Change, Colour, PageWish, Theme};
use super::script::Kind;

/// A wish that the demo knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    Page(PageWish),
    /// Something about the page that is there.
    Change(Vec<Change>),
    Script(Kind),
    Chart(ChartWish),
    Explain,
    /// Run the last thing once more.
    Again,
    GoOn,
    Other,
}

/// A data file with a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartWish {
    pub subject: Option<String>,
    /// A file that was named.
    pub file: Option<String>,
}

impl Wish {
    pub fn of(prompt: &str) -> Self {
        let text = Text::new(prompt);
        let creates =
            text.has(&["make", "create", "build", "write", "generate", "draw", "design", "plot", "need", "want", "give"]);
        if text.words.len() <= 6 && text.says(&["go on", "continue", "carry on", "keep going", "resume"]) {
            return Self::GoOn;
        }
        if text.has(&["rerun", "re-run"]) || (text.has(&["again"]) && text.has(&["run", "test", "tests", "execute", "try"])) {
            return Self::Again;
        }
        if text.wants_new_page() {
            return Self::Page(text.page());
        }
        if text.wants_explanation() {
            return Self::Explain;
        }
        if creates && text.is_about_charts() {
            return Self::Chart(text.chart());
        }
        if creates && text.is_about_scripts() {
            return Self::Script(text.script());
        }
        let changes = text.changes();
        match () {
            () if !changes.is_empty() => Self::Change(changes),
            () if text.is_about_charts() => Self::Chart(text.chart()),
            () if text.is_about_scripts() => Self::Script(text.script()),
            () => Self::Other,
        }
    }

    /// Whether it stands for itself, and does not lean on what was asked for before.
    pub fn is_a_beginning(&self) -> bool {
        matches!(self, Self::Page(_) | Self::Script(_) | Self::Chart(_) | Self::Explain | Self::Other)
    }
}

/// A prompt, taken apart.
struct Text {
    /// The prompt itself, on one line.
    whole: String,
    lower: String,
    words: Vec<String>,
}

impl Text {
    fn new(prompt: &str) -> Self {
        const LOOKED_AT: usize = 2000;
        let said = prompt.split("\n\nFiles that came with this").next().unwrap_or_default();
        let whole: String = said.chars().take(LOOKED_AT).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        // Same number of bytes as `whole`, so that places in one are places in the other.
        let lower = whole.to_ascii_lowercase();
        let words = lower
            .split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\''))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        Self { whole, lower, words }
    }

    fn has(&self, any_of: &[&str]) -> bool {
        self.words.iter().any(|word| any_of.contains(&word.as_str()))
    }

    fn says(&self, any_of: &[&str]) -> bool {
        any_of.iter().any(|phrase| self.lower.contains(phrase))
    }

    /// A page that is not there yet: "a small web page", not "the page".
    fn wants_new_page(&self) -> bool {
        const PAGES: [&str; 7] = ["page", "webpage", "website", "site", "homepage", "web-page", "landing-page"];
        let Some(at) = self.words.iter().position(|word| PAGES.contains(&word.as_str())) else { return false };
        let before = self.words[at.saturating_sub(5)..at].iter().rev();
        let determiner = before.map(String::as_str).find_map(|word| match word {
            "a" | "an" | "another" | "new" | "one" => Some(true),
            "the" | "this" | "that" | "my" | "our" | "your" | "its" => Some(false),
            _ => None,
        });
        determiner.unwrap_or_else(|| self.has(&["about"]) && !self.has(&["add", "section"]))
    }

    fn wants_explanation(&self) -> bool {
        const PHRASES: [&str; 9] = [
            "what is in",
            "what's in",
            "what is here",
            "what's here",
            "look around",
            "which files",
            "what files",
            "what does this",
            "what is this",
        ];
        self.has(&["explain", "describe", "summarise", "summarize", "overview", "understand"]) || self.says(&PHRASES)
    }

    fn is_about_charts(&self) -> bool {
        self.has(&["chart", "charts", "graph", "plot", "diagram", "histogram", "csv"])
            || self.says(&["data file", ".csv", "dataset"])
    }

    fn is_about_scripts(&self) -> bool {
        const WORDS: [&str; 12] = [
            "script", "scripts", "program", "function", "python", "bash", "shell", "fizzbuzz", "primes", "prime", "code", "tests",
        ];
        self.has(&WORDS) || self.says(&["unit test", "with a test", "word count", "count words", "counts words"])
    }

    fn page(&self) -> PageWish {
        let topic = self.after(&[" about ", " on the topic of ", " on ", " for ", " of "]);
        let rest = match &topic {
            Some(topic) => Self::new(&self.whole.replacen(topic.as_str(), " ", 1)),
            None => Self::new(&self.whole),
        };
        PageWish { topic, theme: rest.theme().unwrap_or(Theme::Light), colour: rest.colour() }
    }

    fn theme(&self) -> Option<Theme> {
        if self.has(&["dark", "darker", "night", "dark-mode"]) {
            Some(Theme::Dark)
        } else if self.has(&["light", "lighter", "bright", "light-mode"]) {
            Some(Theme::Light)
        } else {
            None
        }
    }

    fn colour(&self) -> Option<Colour> {
        self.words.iter().find_map(|word| Colour::named(word))
    }

    fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let adds = self.has(&["add", "section", "sections", "paragraph", "chapter", "include"]);
        let section = if adds { self.after(&[" about ", " section on ", " paragraph on ", " called ", " named "]) } else { None };
        let title = self.after(&[
            "title to ",
            "title: ",
            "title is ",
            "heading to ",
            "headline to ",
            "call it ",
            "rename it to ",
            "rename the page to ",
        ]);
        let spoken_for: Vec<&String> = section.iter().chain(&title).collect();
        let rest = spoken_for.iter().fold(self.whole.clone(), |text, part| text.replacen(part.as_str(), " ", 1));
        let rest = Self::new(&rest);
        changes.extend(rest.theme().map(Change::Theme));
        changes.extend(rest.colour().map(Change::Colour));
        changes.extend(title.map(Change::Title));
        changes.extend(section.map(Change::Section));
        changes
    }

    fn script(&self) -> Kind {
        if self.has(&["prime", "primes"]) {
            Kind::Primes
        } else if self.has(&["fizzbuzz", "fizz-buzz", "fizz"]) {
            Kind::FizzBuzz
        } else if self.says(&["word", "count"]) {
            Kind::Words
        } else {
            Kind::Unknown
        }
    }

    fn chart(&self) -> ChartWish {
        let looks_like_csv = |word: &&str| word.len() > 4 && word.to_ascii_lowercase().ends_with(".csv");
        let file = self.whole.split_whitespace().map(|word| word.trim_matches(['"', '\'', '`', ',', '.', '(', ')']));
        let file = file.filter(|word| !word.contains("..") && !word.starts_with('/')).find(looks_like_csv).map(str::to_owned);
        let subject = self.after(&[" about ", " showing ", " on ", " of ", " for "]);
        let subject = subject.filter(|subject| !["it", "them", "that", "this"].contains(&subject.to_ascii_lowercase().as_str()));
        ChartWish { subject: subject.filter(|_| file.is_none()), file }
    }

    /// What stands behind the first of these phrases that occurs, up to where the thought ends.
    fn after(&self, phrases: &[&str]) -> Option<String> {
        const ENDS: [&str; 17] = [
            ", ",
            ". ",
            "; ",
            "! ",
            "? ",
            " with ",
            " that ",
            " which ",
            " and make",
            " and add",
            " and use",
            " and draw",
            " and a ",
            " then ",
            " please",
            " using ",
            " in dark",
        ];
        const LONGEST: usize = 60;
        let start = phrases.iter().find_map(|phrase| self.lower.find(phrase).map(|at| at + phrase.len()))?;
        let end = ENDS.iter().filter_map(|end| self.lower[start..].find(end)).min().map_or(self.lower.len(), |at| start + at);
        let thought: String = self.whole[start..end].chars().take(LONGEST).collect();
        let thought = thought.trim_matches(|c: char| c.is_whitespace() || "\"'`.,;:!?()".contains(c));
        (!thought.is_empty()).then(|| thought.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(topic: Option<&str>, theme: Theme, colour: Option<Colour>) -> Wish {
        Wish::Page(PageWish { topic: topic.map(str::to_owned), theme, colour })
    }

    #[test]
    fn wishes_are_recognised() {
        let chart = |subject: Option<&str>, file: Option<&str>| {
            Wish::Chart(ChartWish { subject: subject.map(str::to_owned), file: file.map(str::to_owned) })
        };
        let table = [
            ("make a small web page about otters", page(Some("otters"), Theme::Light, None)),
            ("Please create a dark website about \"Black Holes\", thanks!", page(Some("Black Holes"), Theme::Dark, None)),
            (
                "build me a green landing page for the river club with a nice picture",
                page(Some("the river club"), Theme::Light, Some(Colour::Green)),
            ),
            ("I want a page about dark matter", page(Some("dark matter"), Theme::Light, None)),
            ("make a web page", page(None, Theme::Light, None)),
            ("now make it dark", Wish::Change(vec![Change::Theme(Theme::Dark)])),
            ("make the page light again", Wish::Change(vec![Change::Theme(Theme::Light)])),
            ("add a section about food", Wish::Change(vec![Change::Section("food".into())])),
            (
                "Add a section about sea otters and make it blue",
                Wish::Change(vec![Change::Colour(Colour::Blue), Change::Section("sea otters".into())]),
            ),
            ("change the title to River dogs", Wish::Change(vec![Change::Title("River dogs".into())])),
            ("write a script with a test", Wish::Script(Kind::Unknown)),
            ("Write a Python script that prints the prime numbers, with a test", Wish::Script(Kind::Primes)),
            ("a program that counts words please", Wish::Script(Kind::Words)),
            ("make a data file about rainfall with a chart", chart(Some("rainfall"), None)),
            ("draw a chart of sales.csv", chart(None, Some("sales.csv"))),
            ("draw a chart of ../secret.csv", chart(Some("/secret.csv"), None)),
            ("explain this workspace", Wish::Explain),
            ("What's in this folder?", Wish::Explain),
            ("run it again", Wish::Again),
            ("continue", Wish::GoOn),
            ("hello", Wish::Other),
            ("book me a flight to Oslo", Wish::Other),
            ("", Wish::Other),
        ];
        for (prompt, expected) in table {
            assert_eq!(Wish::of(prompt), expected, "{prompt}");
        }
    }

    #[test]
    fn what_came_with_a_prompt_is_not_its_wish() {
        let prompt = "hello\n\nFiles that came with this, in the workspace: chart.csv";
        assert_eq!(Wish::of(prompt), Wish::Other);
    }

    proptest::proptest! {
        #[test]
        fn any_prompt_is_taken(prompt in "\\PC{0,200}") {
            Wish::of(&prompt);
            Wish::of(&format!("make a page about {prompt}"));
            Wish::of(&format!("Add a section about {prompt}, and İ"));
        }
    }
}
