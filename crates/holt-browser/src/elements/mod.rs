//! Elements of pages: how they are found by reference or selector in all frames, and asked in a world of their own.

mod finding;
mod script;

use std::sync::PoisonError;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::browser::{Asked, Live, Trouble};
use crate::cdp::CdpError;
use crate::world::fold::OWN_WORLD;

/// How many frames of a tab are looked at.
pub const MAX_FRAMES: usize = 60;
/// How many libraries are kept; those of documents that are gone are of no use.
const MAX_LIBRARIES: usize = 200;
const LIBRARY: &str = include_str!("../page.js");
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
}

impl FrameAt {
    fn is_same_document(&self, other: &Self) -> bool {
        self.session == other.session && self.frame == other.frame && self.loader == other.loader
    }
}

fn refused(why: &str) -> Trouble {
    Trouble::Cdp(CdpError::Refused(crate::text::line(why, 300)))
}

fn thrown(details: &Value) -> String {
    let exception = &details["exception"];
    let what = exception["description"].as_str().map(str::to_owned).or_else(|| Some(exception.get("value")?.to_string()));
    what.unwrap_or_else(|| details["text"].as_str().unwrap_or("unknown").to_owned())
}
