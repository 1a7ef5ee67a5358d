//! Elements of pages: how they are found by reference or selector in all frames, and asked in a world of their own.

use std::sync::PoisonError;

use holt_toolbox::answer::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::browser::{Asked, Live, Trouble};
use crate::cdp::CdpError;
use crate::limit::{Patience, Pauses};
use crate::world::fold::OWN_WORLD;

/// How many frames of a tab are looked at.
pub const MAX_FRAMES: usize = 60;
/// How many libraries are kept; those of documents that are gone are of no use.
const MAX_LIBRARIES: usize = 200;
const LIBRARY: &str = include_str!("page.js");
/// What objects in pages are held by, so that they can be let go together.
const GROUP: &str = "holt";

/// A frame with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameAt {
    pub session: String,
    pub frame: String,
    pub loader: String,
    pub parent: Option<String>,
}

/// The functions of `page.js` in one document.
#[derive(Debug, Clone)]
pub struct Library {
    object: String,
    context: i64,
}

#[derive(Debug, Clone)]
pub struct Element {
    pub at: FrameAt,
    pub object: String,
}

/// What an element has to be for what is to be done with it.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Needs {
    /// It may be invisible.
    pub hidden: bool,
    pub enabled: bool,
    pub editable: bool,
    /// A place to point at is needed.
    pub point: bool,
    /// What is done there has to reach it.
    pub hit: bool,
}

impl Needs {
    pub const CLICK: Self = Self { hidden: false, enabled: true, editable: false, point: true, hit: true };
    pub const HOVER: Self = Self { hidden: false, enabled: false, editable: false, point: true, hit: true };
    pub const FILL: Self = Self { hidden: false, enabled: true, editable: true, point: false, hit: false };
    pub const USE: Self = Self { hidden: false, enabled: true, editable: false, point: false, hit: false };
    pub const SEE: Self = Self { hidden: false, enabled: false, editable: false, point: false, hit: false };
    pub const EXIST: Self = Self { hidden: true, enabled: false, editable: false, point: false, hit: false };
}

/// A place in the page's window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct At {
    pub x: f64,
    pub y: f64,
}

#[derive(Deserialize)]
struct Ready {
    state: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    x: f64,
    #[serde(default)]
    y: f64,
}

#[derive(Deserialize)]
struct Tree {
    #[serde(rename = "frameTree")]
    tree: Branch,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Branch {
    frame: Leaf,
    #[serde(default)]
    child_frames: Vec<Branch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leaf {
    id: String,
    loader_id: String,
    parent_id: Option<String>,
}

#[derive(Deserialize)]
struct Evaluated {
    result: Remote,
    #[serde(rename = "exceptionDetails")]
    exception: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remote {
    object_id: Option<String>,
    #[serde(default)]
    value: Value,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Resolved {
    object: Remote,
}

impl Live {
    /// The frames of a tab, the outermost first.
    pub async fn frames(&self, tab: u32) -> Asked<Vec<FrameAt>> {
        let sessions = self.world(|world| world.sessions_of(tab));
        let elsewhere: Vec<String> =
            sessions.iter().filter(|(_, place)| place.parent.is_some()).map(|(_, place)| place.frame.clone()).collect();
        let mut all: Vec<FrameAt> = Vec::new();
        for (session, place) in sessions.iter().take(MAX_FRAMES) {
            let tree: Tree = match self.ask(session, "Page.getFrameTree", json!({})).await {
                Ok(tree) => tree,
                // A frame may go at any time; the page itself is needed.
                Err(trouble) if place.parent.is_some() && trouble.is_passing() => continue,
                Err(trouble) => return Err(trouble),
            };
            let mut branches = vec![tree.tree];
            while let Some(branch) = branches.pop() {
                let is_root = branch.frame.id == place.frame;
                if all.len() >= MAX_FRAMES || (!is_root && elsewhere.contains(&branch.frame.id)) {
                    continue;
                }
                let parent = if is_root { place.parent.clone() } else { branch.frame.parent_id };
                all.push(FrameAt { session: session.clone(), frame: branch.frame.id, loader: branch.frame.loader_id, parent });
                branches.extend(branch.child_frames.into_iter().rev());
            }
        }
        Ok(all)
    }

    async fn library(&self, at: &FrameAt) -> Asked<Library> {
        let key = (at.session.clone(), at.frame.clone(), at.loader.clone());
        let known = self.libraries.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        #[derive(Deserialize)]
        struct World {
            #[serde(rename = "executionContextId")]
            context: i64,
        }
        let made = json!({ "frameId": at.frame, "worldName": OWN_WORLD });
        let World { context } = self.ask(&at.session, "Page.createIsolatedWorld", made).await?;
        let evaluate = json!({ "expression": LIBRARY, "contextId": context });
        let evaluated: Evaluated = self.ask(&at.session, "Runtime.evaluate", evaluate).await?;
        let object = evaluated.result.object_id.ok_or_else(|| refused("the page's helper is not there"))?;
        let library = Library { object, context };
        let mut libraries = self.libraries.lock().unwrap_or_else(PoisonError::into_inner);
        if libraries.len() >= MAX_LIBRARIES {
            libraries.clear();
        }
        libraries.insert(key, library.clone());
        Ok(library)
    }

    fn forget_library(&self, at: &FrameAt) {
        let key = (at.session.clone(), at.frame.clone(), at.loader.clone());
        self.libraries.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// Calls one of the functions of `page.js`.
    async fn run(
        &self,
        at: &FrameAt,
        function: &str,
        object: Option<&str>,
        arguments: &[Value],
        by_value: bool,
    ) -> Asked<Remote> {
        let library = self.library(at).await?;
        let first = object.map_or_else(|| json!({ "value": null }), |object| json!({ "objectId": object }));
        let all: Vec<Value> = std::iter::once(first).chain(arguments.iter().map(|value| json!({ "value": value }))).collect();
        let call = json!({
            "functionDeclaration": format!("function(...all) {{ return this.{function}(...all); }}"),
            "objectId": library.object,
            "arguments": all,
            "returnByValue": by_value,
            "awaitPromise": true,
            "objectGroup": GROUP,
        });
        let evaluated: Evaluated = match self.ask(&at.session, "Runtime.callFunctionOn", call).await {
            Err(trouble) => {
                if trouble.is_passing() {
                    self.forget_library(at);
                }
                return Err(trouble);
            }
            Ok(evaluated) => evaluated,
        };
        match evaluated.exception {
            Some(details) => Err(refused(&thrown(&details))),
            None => Ok(evaluated.result),
        }
    }

    /// Asks about a document.
    pub async fn in_frame<T: DeserializeOwned>(&self, at: &FrameAt, function: &str, arguments: &[Value]) -> Asked<T> {
        let remote = self.run(at, function, None, arguments, true).await?;
        Ok(serde_json::from_value(remote.value).map_err(|_| CdpError::Unreadable)?)
    }

    /// Asks about an element.
    pub async fn on<T: DeserializeOwned>(&self, element: &Element, function: &str, arguments: &[Value]) -> Asked<T> {
        let remote = self.run(&element.at, function, Some(&element.object), arguments, true).await?;
        Ok(serde_json::from_value(remote.value).map_err(|_| CdpError::Unreadable)?)
    }

    /// The element that a node of the browser's is.
    pub async fn resolve(&self, at: &FrameAt, node: i64) -> Asked<Element> {
        let library = self.library(at).await?;
        let wanted = json!({ "backendNodeId": node, "objectGroup": GROUP, "executionContextId": library.context });
        let Resolved { object } = self.ask(&at.session, "DOM.resolveNode", wanted).await?;
        let object = object.object_id.ok_or_else(|| refused("No node"))?;
        Ok(Element { at: at.clone(), object })
    }

    /// Lets go of everything that was held in the pages of a tab.
    pub fn release(&self, tab: u32) {
        for (session, _) in self.world(|world| world.sessions_of(tab)) {
            self.say(&session, "Runtime.releaseObjectGroup", json!({ "objectGroup": GROUP }));
        }
    }

    /// Finds an element once, by reference or selector; nothing when there is none yet.
    pub async fn find(&self, tab: u32, target: &str) -> Result<Option<Element>, Failure> {
        match reference(target) {
            Some(number) => self.find_reference(tab, number).await.map(Some),
            None => self.find_selector(tab, target.strip_prefix("css=").unwrap_or(target)).await,
        }
    }

    async fn find_reference(&self, tab: u32, number: u32) -> Result<Element, Failure> {
        let known = self.refs.lock().unwrap_or_else(PoisonError::into_inner).get(number);
        let Some(node) = known else {
            let message = format!("There is no `e{number}` in a snapshot. Take one with `browser_snapshot`.");
            return Err(Failure::new("unknown_reference", message));
        };
        let gone = || {
            let message = format!("What `e{number}` meant is not in the page any more. Take a new `browser_snapshot`.");
            Failure::new("element_gone", message)
        };
        let frames = self.frames(tab).await?;
        let at = frames.into_iter().find(|at| *at == node.at || at.is_same_document(&node.at)).ok_or_else(gone)?;
        match self.resolve(&at, node.node).await {
            Err(trouble) if trouble.is_passing() => Err(gone()),
            resolved => Ok(resolved?),
        }
    }

    async fn find_selector(&self, tab: u32, selector: &str) -> Result<Option<Element>, Failure> {
        for at in self.frames(tab).await? {
            match self.run(&at, "find", None, &[json!(selector)], false).await {
                Ok(Remote { object_id: Some(object), .. }) => return Ok(Some(Element { at, object })),
                Ok(_) => {}
                Err(Trouble::Cdp(CdpError::Refused(why))) if why.contains("not a valid selector") => {
                    let message = format!("`{selector}` is neither a reference such as `e12` nor a CSS selector.");
                    return Err(Failure::new("bad_selector", message));
                }
                Err(trouble) if trouble.is_passing() => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Ok(None)
    }

    /// Waits until an element is as it has to be; says where to point at it. The caller bounds the waiting.
    pub async fn until_ready(&self, tab: u32, target: &str, needs: Needs, patience: &Patience) -> Result<(Element, At), Failure> {
        let mut pauses = Pauses::new();
        loop {
            match self.find(tab, target).await? {
                None => patience.because("not_found", format!("nothing in the page is `{target}`")),
                Some(element) => match self.look_at(tab, &element, needs).await {
                    Ok(Ok(at)) => return Ok((element, at)),
                    Ok(Err(why)) => match not_ready(target, &why) {
                        Hindrance::Passing(code, reason) => patience.because(code, reason),
                        Hindrance::Lasting(failure) => return Err(failure),
                    },
                    Err(trouble) if trouble.is_passing() => {
                        patience.because("page_moves", "the page is going somewhere else all the time");
                    }
                    Err(trouble) => return Err(trouble.into()),
                },
            }
            pauses.next().await;
        }
    }

    async fn look_at(&self, tab: u32, element: &Element, needs: Needs) -> Asked<Result<At, Ready>> {
        let ready: Ready = self.on(element, "ready", &[json!(needs)]).await?;
        if ready.state != "ready" || !needs.point {
            return Ok(if ready.state == "ready" { Ok(At::default()) } else { Err(ready) });
        }
        self.in_window(tab, &element.at, At { x: ready.x, y: ready.y }, needs.hit).await
    }

    /// A place in a frame, as a place in the page's window, whatever is over it.
    pub async fn in_page(&self, tab: u32, at: &FrameAt, point: At) -> Asked<At> {
        Ok(self.in_window(tab, at, point, false).await?.unwrap_or(point))
    }

    /// A place in a frame, as a place in the page's window.
    async fn in_window(&self, tab: u32, at: &FrameAt, mut point: At, hit: bool) -> Asked<Result<At, Ready>> {
        if at.parent.is_none() {
            return Ok(Ok(point));
        }
        let frames = self.frames(tab).await?;
        let mut here = at.clone();
        for _ in 0..MAX_FRAMES {
            let Some(parent) = here.parent.as_ref().and_then(|parent| frames.iter().find(|frame| frame.frame == *parent)) else {
                break;
            };
            let owner = self.owner(parent, &here.frame).await?;
            #[derive(Deserialize)]
            struct Place {
                x: f64,
                y: f64,
                covered: Option<String>,
            }
            let place: Place = self.on(&owner, "place", &[json!(point.x), json!(point.y)]).await?;
            if let (Some(by), true) = (place.covered, hit) {
                return Ok(Err(Ready { state: "covered".into(), by, x: 0.0, y: 0.0 }));
            }
            point = At { x: place.x, y: place.y };
            here = parent.clone();
        }
        Ok(Ok(point))
    }

    async fn owner(&self, parent: &FrameAt, frame: &str) -> Asked<Element> {
        let node = self.owner_node(parent, frame).await?;
        self.resolve(parent, node).await
    }

    /// The node that holds a frame in the document around it.
    pub async fn owner_node(&self, parent: &FrameAt, frame: &str) -> Asked<i64> {
        #[derive(Deserialize)]
        struct Owner {
            #[serde(rename = "backendNodeId")]
            node: i64,
        }
        let owner: Owner = self.ask(&parent.session, "DOM.getFrameOwner", json!({ "frameId": frame })).await?;
        Ok(owner.node)
    }

    /// Runs a script of the agent in the page itself.
    pub async fn evaluate(
        &self,
        session: &str,
        script: &str,
        argument: Option<&Value>,
        milliseconds: u64,
    ) -> Result<Value, Failure> {
        let expression = match argument {
            Some(argument) => format!("({script})({argument})"),
            None => format!(
                "(async () => {{ const it = (\n{script}\n); return typeof it === 'function' ? await it() : await it; }})()"
            ),
        };
        let evaluate = json!({
            "expression": expression,
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
            "timeout": milliseconds,
        });
        let mut evaluated: Evaluated = self.ask(session, "Runtime.evaluate", evaluate).await?;
        // Statements are no expression.
        let is_syntax = |details: &Value| details["exception"]["className"] == "SyntaxError";
        if argument.is_none() && evaluated.exception.as_ref().is_some_and(is_syntax) {
            let plain = json!({
                "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true, "timeout": milliseconds,
                "replMode": true,
            });
            evaluated = self.ask(session, "Runtime.evaluate", plain).await?;
        }
        match evaluated.exception {
            Some(details) => {
                Err(Failure::new("script_failed", format!("the script failed: {}", crate::text::line(&thrown(&details), 1000))))
            }
            None if evaluated.result.value.is_null() => Ok(evaluated.result.description.map_or(Value::Null, Value::String)),
            None => Ok(evaluated.result.value),
        }
    }
}

impl FrameAt {
    fn is_same_document(&self, other: &Self) -> bool {
        self.session == other.session && self.frame == other.frame && self.loader == other.loader
    }
}

enum Hindrance {
    Passing(&'static str, String),
    Lasting(Failure),
}

fn not_ready(target: &str, why: &Ready) -> Hindrance {
    let by = crate::text::line(&why.by, 160);
    let (code, reason) = match why.state.as_str() {
        "hidden" => ("not_visible", format!("`{target}` is there, but not visible")),
        "disabled" => ("disabled", format!("`{target}` is disabled")),
        "read_only" => ("read_only", format!("`{target}` can only be read")),
        "moving" => ("moving", format!("`{target}` does not stand still")),
        "outside" => ("not_visible", format!("`{target}` cannot be scrolled into view")),
        "covered" => ("covered", format!("`{target}` is covered by {by}, which would get the click")),
        "option" => {
            let message = format!("`{target}` is an entry of a list. Use `browser_select` with the list.");
            return Hindrance::Lasting(Failure::new("is_an_option", message));
        }
        "gone" if reference(target).is_some() => {
            let message = format!("What `{target}` meant is not in the page any more. Take a new `browser_snapshot`.");
            return Hindrance::Lasting(Failure::new("element_gone", message));
        }
        _ => ("not_found", format!("`{target}` is not in the page any more")),
    };
    Hindrance::Passing(code, reason)
}

/// The number of a reference such as `e12`, also as it stands in a snapshot.
pub fn reference(target: &str) -> Option<u32> {
    let target = target.trim().trim_start_matches("[ref=").trim_start_matches("ref=").trim_end_matches(']');
    target.strip_prefix('e').filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

fn refused(why: &str) -> Trouble {
    Trouble::Cdp(CdpError::Refused(crate::text::line(why, 300)))
}

fn thrown(details: &Value) -> String {
    let exception = &details["exception"];
    let what = exception["description"].as_str().map(str::to_owned).or_else(|| Some(exception.get("value")?.to_string()));
    what.unwrap_or_else(|| details["text"].as_str().unwrap_or("unknown").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_selectors() {
        for (text, number) in [("e12", Some(12)), (" [ref=e3] ", Some(3)), ("ref=e4", Some(4))] {
            assert_eq!(reference(text), number, "{text}");
        }
        for selector in ["em", "e", "#e12", "e12 > a", "e99999999999999", ""] {
            assert_eq!(reference(selector), None, "{selector}");
        }
    }
}
