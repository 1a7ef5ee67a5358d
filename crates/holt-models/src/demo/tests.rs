//! The demo at work on a real directory with real commands.

use futures::StreamExt as _;
use holt_core::model::{CallResult, Turn};
use holt_core::tool::{CallOutcome, CallStatus, ToolContent};
use holt_testkit::{HostTools, temp_dir, tool_specs};
use tempfile::TempDir;

use super::*;

/// A conversation with the demo.
struct Talk {
    directory: TempDir,
    tools: HostTools,
    turns: Vec<Turn>,
    /// What each call was, in order.
    called: Vec<String>,
}

impl Talk {
    fn new() -> Self {
        let directory = temp_dir();
        let tools = HostTools::new(directory.path());
        Self { directory, tools, turns: Vec::new(), called: Vec::new() }
    }

    fn without(mut self, program: &str) -> Self {
        self.tools = self.tools.without(program);
        self
    }

    fn request(&self) -> ModelRequest {
        ModelRequest {
            model: MODEL.into(),
            system: "You are an agent.".into(),
            turns: self.turns.clone(),
            tools: tool_specs(),
            max_output_tokens: 1000,
        }
    }

    fn prompt(&mut self, text: &str) {
        self.turns.push(Turn::User { content: vec![ToolContent::Text { text: text.into() }] });
    }

    /// Lets the demo say its next turn. Its calls wait for `answer`.
    fn step(&mut self) -> (String, Vec<(String, String, serde_json::Value)>) {
        let reply = reply(&self.request());
        assert_eq!(reply, super::reply(&self.request()), "the same conversation has the same next turn");
        let mut text = String::new();
        let mut calls = Vec::new();
        for part in &reply.parts {
            match part {
                AssistantPart::Text { text: said } => text.push_str(said),
                AssistantPart::Call { reference, tool, arguments } => {
                    calls.push((reference.clone(), tool.clone(), arguments.clone()));
                }
                other => panic!("the demo says {other:?}"),
            }
        }
        assert!(!text.trim().is_empty());
        assert_eq!(reply.stop == StopReason::Calls, !calls.is_empty());
        self.turns.push(Turn::Assistant { parts: reply.parts });
        (text, calls)
    }

    fn answer(&mut self, outcomes: Vec<(String, CallOutcome)>) {
        let result = |(reference, outcome): (String, CallOutcome)| CallResult {
            reference,
            status: outcome.status,
            content: outcome.content,
        };
        self.turns.push(Turn::Results { results: outcomes.into_iter().map(result).collect() });
    }

    /// Runs the demo's calls until it is done. `change` may put other outcomes in their place.
    async fn work(&mut self, mut change: impl FnMut(&str, CallOutcome) -> CallOutcome) -> String {
        for _ in 0..40 {
            let (text, calls) = self.step();
            if calls.is_empty() {
                return text;
            }
            let mut outcomes = Vec::new();
            for (reference, tool, arguments) in calls {
                let outcome = self.tools.call(&tool, &arguments).await;
                outcomes.push((reference, change(&tool, outcome)));
                self.called.push(tool);
            }
            self.answer(outcomes);
        }
        panic!("the demo does not come to an end");
    }

    async fn say(&mut self, text: &str) -> String {
        self.prompt(text);
        self.work(|_, outcome| outcome).await
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn has(&self, path: &str) -> bool {
        self.directory.path().join(path).exists()
    }

    fn times(&self, tool: &str) -> usize {
        self.called.iter().filter(|called| *called == tool).count()
    }
}

#[tokio::test]
async fn a_page_is_written_checked_handed_out_and_changed() {
    let mut talk = Talk::new();
    let said = talk.say("make a small web page about otters").await;
    assert!(said.contains("otters") && said.contains("demo") && said.contains("holt models add"), "{said}");
    assert!(said.contains("checked index.html: every tag is closed"), "{said}");
    assert!(talk.read("index.html").contains("<h1>Otters</h1>"));
    assert!(talk.read("otters.html").contains("--hue: 205;"), "the style is in the one file");
    assert!(!talk.read("otters.html").contains("<link"));
    assert_eq!(talk.times("publish_artifact"), 1);

    let said = talk.say("now make it dark").await;
    assert!(said.contains("dark now"), "{said}");
    assert!(talk.read("index.html").contains(r#"data-theme="dark""#));
    assert!(talk.read("otters.html").contains(r#"data-theme="dark""#), "what is handed out is new too");
    assert_eq!(talk.times("publish_artifact"), 2);

    let said = talk.say("Add a section about food and make it pink, please").await;
    assert!(said.contains("section about food") && said.contains("pink"), "{said}");
    assert!(talk.read("index.html").contains("<h2>Food</h2>") && talk.read("index.html").contains("urchins"));
    assert!(talk.read("style.css").contains("--hue: 350;"));

    let said = talk.say("change the title to River <dogs>").await;
    assert!(said.contains("title"), "{said}");
    assert!(talk.read("index.html").contains("<h1>River &lt;dogs&gt;</h1>"));
    let said = talk.say("make it dark").await;
    assert!(said.contains("already"), "{said}");
}

#[tokio::test]
async fn that_people_used_the_desktop_is_no_wish() {
    let note =
        "[A person used the desktop from 14:02 to 14:05 UTC. The screen may have changed: look at it again before you act.]";
    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    let said = talk.say(note).await;
    assert!(said.contains("otters"), "{said}");
    talk.prompt("now make it dark");
    let said = talk.say(note).await;
    assert!(said.contains("dark now"), "{said}");
}

#[tokio::test]
async fn a_page_about_anything_is_a_frame_without_invented_facts() {
    let mut talk = Talk::new().without("python3");
    let said = talk.say("create a purple website about \"<script>alert(1)</script> & co\"").await;
    assert!(said.contains("not facts") && said.contains("without python3"), "{said}");
    let page = talk.read("index.html");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
    assert!(talk.read("style.css").contains("--hue: 300;"));
}

#[tokio::test]
async fn files_that_are_there_are_never_replaced() {
    let mut talk = Talk::new();
    for name in ["index.html", "words.py", "chart.svg"] {
        std::fs::write(talk.directory.path().join(name), "mine").unwrap();
    }
    talk.say("make a web page about bees").await;
    talk.say("write a script with a test").await;
    talk.say("make a data file with a chart").await;
    for name in ["index.html", "words.py", "chart.svg"] {
        assert_eq!(talk.read(name), "mine", "{name}");
    }
    assert!(talk.has("bees-page/index.html") && talk.has("bees-page/bees.html"));
    assert!(talk.has("words-demo/words.py") && talk.has("visitors-chart/chart.svg"));
    talk.say("make it dark").await;
    assert!(talk.read("bees-page/index.html").contains(r#"data-theme="dark""#));
    talk.say("make a web page about coffee").await;
    assert!(talk.has("coffee-page/index.html"));
}

#[tokio::test]
async fn scripts_and_their_tests_really_run() {
    for without in ["nothing", "python3"] {
        for (prompt, shown) in [
            ("write a script that finds primes, with a test", "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47"),
            ("a fizzbuzz program with unit tests", "FizzBuzz"),
            ("write a script with a test", "prints"),
        ] {
            let mut talk = Talk::new().without(without);
            let said = talk.say(prompt).await;
            assert!(said.contains(shown) && said.contains("test"), "{prompt} without {without}: {said}");
            assert!(!said.contains("does not pass"), "{prompt} without {without}: {said}");
            let ending = if without == "python3" { ".sh" } else { ".py" };
            let written = std::fs::read_dir(talk.directory.path()).unwrap().flatten();
            let scripts = written.filter(|entry| entry.file_name().to_string_lossy().ends_with(ending)).count();
            assert_eq!(scripts, 2, "{prompt} without {without}");
            let commands = talk.times("execute_command");
            let said = talk.say("run it again").await;
            assert!(said.contains("ran again"), "{said}");
            assert_eq!(talk.times("execute_command"), commands + 1);
        }
    }
}

#[tokio::test]
async fn a_test_that_fails_is_shown_and_not_hidden() {
    let mut talk = Talk::new();
    talk.prompt("write a script that finds primes, with a test");
    let said = talk
        .work(|tool, outcome| {
            let text = format!("{:?}", outcome.content);
            if tool == "execute_command" && text.contains("unittest") {
                return CallOutcome::text(CallStatus::Failed, "Exit code: 1\n\nSTDOUT:\n(empty)\n\nSTDERR:\nFAILED (errors=1)");
            }
            outcome
        })
        .await;
    assert!(said.contains("does not pass") && said.contains("FAILED (errors=1)"), "{said}");
}

#[tokio::test]
async fn charts_are_drawn_from_made_up_and_from_given_numbers() {
    for without in ["nothing", "python3"] {
        let mut talk = Talk::new().without(without);
        let said = talk.say("make a data file about rainfall with a chart").await;
        assert!(said.contains("made the numbers up") && said.contains("12 values of rainfall"), "{said}");
        assert!(talk.read("rainfall.csv").starts_with("month,rainfall\nJan,"));
        assert!(talk.read("chart.svg").trim_end().ends_with("</svg>"));

        let mut talk = Talk::new().without(without);
        std::fs::write(talk.directory.path().join("sales.csv"), "quarter,sales\nQ1,10\nQ2,40\nQ3,25\n").unwrap();
        let said = talk.say("draw a chart of sales.csv").await;
        assert!(said.contains("3 values of sales") && said.contains("highest 40 (Q2)"), "{said}");
        assert!(said.contains("your data, as it was"), "{said}");
        std::fs::write(talk.directory.path().join("sales.csv"), "quarter,sales\nQ1,90\n").unwrap();
        let said = talk.say("run it again").await;
        assert!(said.contains("1 values of sales"), "{said}");
    }
}

#[tokio::test]
async fn a_workspace_is_explained_from_what_was_read() {
    let mut talk = Talk::new();
    assert!(talk.say("explain this workspace").await.contains("is empty"));
    let top = talk.directory.path().to_owned();
    std::fs::create_dir_all(top.join("src/deep")).unwrap();
    std::fs::write(top.join("README.md"), "# Riverbank\n\nCounts otters from pictures.\n").unwrap();
    std::fs::write(top.join("package.json"), "{\n  \"name\": \"riverbank\",\n  \"description\": \"Counts otters\"\n}\n").unwrap();
    std::fs::write(top.join("src/main.py"), "\"\"\"Starts the counter.\"\"\"\nprint('hi')\n").unwrap();
    std::fs::write(top.join("src/deep/picture.bin"), [0, 1, 2]).unwrap();
    let said = talk.say("What's in this folder?").await;
    for truth in
        ["4 files", "`src/`", "Riverbank / Counts otters from pictures.", "calls itself \"riverbank\"", "Starts the counter"]
    {
        assert!(said.contains(truth), "{truth}: {said}");
    }
}

#[tokio::test]
async fn anything_else_gets_an_honest_answer_and_one_small_deed() {
    let mut talk = Talk::new();
    std::fs::write(talk.directory.path().join("notes.txt"), "x").unwrap();
    let said = talk.say("book me a flight to Oslo").await;
    assert!(said.contains("`notes.txt`") && said.contains("demo") && said.contains("holt models add"), "{said}");
    assert_eq!(talk.called, ["list_files"]);
}

#[tokio::test]
async fn what_was_denied_is_not_tried_again() {
    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    let said = talk
        .work(|tool, outcome| match tool {
            "write_file" => CallOutcome::text(CallStatus::Denied, "no"),
            _ => outcome,
        })
        .await;
    assert!(said.contains("not allowed"), "{said}");
    assert_eq!(talk.times("write_file"), 1);
}

#[tokio::test]
async fn words_in_a_result_are_no_status() {
    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    let words = "Nothing was run. The test was interrupted, cancelled; nobody knows how far it came.";
    let said = talk
        .work(|tool, outcome| if tool == "write_file" { CallOutcome::text(CallStatus::Failed, words) } else { outcome })
        .await;
    assert!(said.contains("did not get further"), "{said}");
    assert_eq!(talk.times("write_file"), 1);
}

#[tokio::test]
async fn what_was_interrupted_is_done_once_more_and_then_given_up() {
    let interrupted = || CallOutcome::text(CallStatus::Interrupted, "half");
    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    let mut first = true;
    let said = talk.work(|_, outcome| if std::mem::take(&mut first) { interrupted() } else { outcome }).await;
    assert!(said.contains("is ready"), "{said}");
    assert_eq!(talk.times("list_files"), 2);

    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    let said = talk.work(|tool, outcome| if tool == "execute_command" { interrupted() } else { outcome }).await;
    assert!(said.contains("interrupted twice"), "{said}");
    assert_eq!(talk.times("execute_command"), 2);
    assert!(talk.say("go on").await.contains("nothing that I left unfinished"));
}

#[tokio::test]
async fn it_goes_on_where_it_was_and_takes_in_what_people_say_meanwhile() {
    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    for _ in 0..2 {
        let (_, calls) = talk.step();
        let mut outcomes = Vec::new();
        for (reference, tool, arguments) in calls {
            outcomes.push((reference, talk.tools.call(&tool, &arguments).await));
            talk.called.push(tool);
        }
        talk.answer(outcomes);
    }
    talk.prompt("make it dark");
    let said = talk.work(|_, outcome| outcome).await;
    assert!(said.contains("is ready") && said.contains("dark now"), "{said}");
    assert_eq!(talk.times("write_file"), 2, "nothing was written twice");
    assert!(talk.read("otters.html").contains(r#"data-theme="dark""#));

    talk.prompt("make a small web page about bees");
    let (_, calls) = talk.step();
    let stopped = "The run ended while this call was running; it may have done a part.";
    talk.answer(
        calls.into_iter().map(|(reference, ..)| (reference, CallOutcome::text(CallStatus::Cancelled, stopped))).collect(),
    );
    talk.prompt("write a script that finds primes, with a test");
    let said = talk.work(|_, outcome| outcome).await;
    assert!(said.contains("primes.py") && !said.contains("bees"), "what was cancelled stays cancelled: {said}");
}

#[tokio::test]
async fn without_tools_it_says_so() {
    let mut talk = Talk::new();
    for prompt in ["make a small web page about otters", "explain this", "hello"] {
        talk.prompt(prompt);
        let reply = reply(&ModelRequest { tools: Vec::new(), ..talk.request() });
        let AssistantPart::Text { text } = &reply.parts[0] else { panic!("{reply:?}") };
        assert!(text.contains("no tool"), "{text}");
        assert_eq!(reply.parts.len(), 1);
    }
}

#[tokio::test]
async fn the_stream_is_the_reply_in_pieces() {
    let mut talk = Talk::new();
    talk.prompt("make a small web page about otters");
    let demo = Demo::new(Options { pace_millis: 0 });
    let events: Vec<_> = demo.stream(talk.request()).collect().await;
    let mut streamed = String::new();
    for event in &events[..events.len() - 1] {
        let Ok(ModelEvent::Text(text)) = event else { panic!("{event:?}") };
        streamed.push_str(text);
    }
    let Some(Ok(ModelEvent::Done(last))) = events.last() else { panic!("no end") };
    assert_eq!(*last, reply(&talk.request()));
    assert_eq!(last.parts[0], AssistantPart::Text { text: streamed });
    let other = ModelRequest { model: "claude".into(), ..talk.request() };
    assert_eq!(demo.stream(other).next().await, Some(Err(ModelError::Unknown("claude".into()))));
}

const STATUSES: [CallStatus; 5] =
    [CallStatus::Succeeded, CallStatus::Failed, CallStatus::Denied, CallStatus::Cancelled, CallStatus::Interrupted];

proptest::proptest! {
    /// Whatever turns there are, there is one next thing to say.
    #[test]
    fn any_conversation_has_a_next_turn(
        prompts in proptest::collection::vec("(make a page about |write a script|chart of |explain |make it dark|go on|again run )\\PC{0,20}", 1..4),
        results in proptest::collection::vec(("\\PC{0,30}", proptest::sample::select(&STATUSES[..])), 0..6),
    ) {
        let mut talk = Talk::new();
        for prompt in &prompts {
            talk.prompt(prompt);
            for (text, status) in &results {
                let (_, calls) = talk.step();
                if calls.is_empty() {
                    break;
                }
                talk.answer(calls.into_iter().map(|(reference, ..)| (reference, CallOutcome::text(*status, text.as_str()))).collect());
            }
        }
        talk.step();
    }
}
