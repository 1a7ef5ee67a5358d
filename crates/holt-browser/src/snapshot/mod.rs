//! A page as text: its accessibility tree, indented, with a reference for each element. [`render`] is pure.

mod refs;
mod render;

use std::sync::PoisonError;

use holt_toolbox::answer::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

pub use refs::Refs;
pub use render::{Rendered, render};

use crate::browser::{Asked, Live, Trouble};
use crate::cdp::CdpError;
use crate::elements::{Element, FrameAt};

/// A document with more elements than this is read step by step, as far as there is room.
const MAX_AT_ONCE: u64 = 12_000;
/// How many steps that may take.
const MAX_STEPS: usize = 1500;

/// A node of an accessibility tree.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AxNode {
    pub node_id: String,
    pub ignored: bool,
    pub role: AxValue,
    pub name: AxValue,
    pub value: AxValue,
    pub properties: Vec<AxProperty>,
    pub child_ids: Vec<String>,
    #[serde(rename = "backendDOMNodeId")]
    pub dom_node: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AxValue {
    pub value: Value,
}

#[derive(Debug, Clone, Deserialize)]
pub struct AxProperty {
    pub name: String,
    #[serde(default)]
    pub value: AxValue,
}

/// One document's tree, and which of its nodes hold which other documents.
#[derive(Debug)]
pub struct Document {
    pub at: FrameAt,
    pub nodes: Vec<AxNode>,
    /// Where to begin, when not at the first node.
    pub root: Option<String>,
    /// The node that holds this document in the one around it.
    pub owner: Option<i64>,
    /// Not all of it was read.
    pub cut: bool,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<AxNode>,
}

impl Live {
    /// Reads the trees of all documents of a tab, or the part below one element.
    pub async fn documents(&self, tab: u32, root: Option<&Element>) -> Result<Vec<Document>, Failure> {
        let frames = self.frames(tab).await?;
        let mut all = Vec::new();
        for at in &frames {
            match self.document(&frames, at, root.filter(|root| root.at == *at)).await {
                Ok(document) => all.push(document),
                // A frame that is just going, or a page that is: what is left may do.
                Err(trouble) if at.parent.is_some() && trouble.is_passing() => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Ok(all)
    }

    async fn document(&self, frames: &[FrameAt], at: &FrameAt, root: Option<&Element>) -> Asked<Document> {
        let parent = at.parent.as_ref().and_then(|parent| frames.iter().find(|frame| frame.frame == *parent));
        let owner = match parent {
            Some(parent) => Some(self.owner_node(parent, &at.frame).await?),
            None => None,
        };
        let root = match root {
            Some(root) => Some(self.ax_of(root).await?),
            None => None,
        };
        let count: u64 = self.in_frame(at, "count", &[]).await?;
        let whole = if count <= MAX_AT_ONCE { self.whole(at).await } else { Err(Trouble::Cdp(CdpError::TooLong)) };
        let (nodes, cut) = match whole {
            Ok(nodes) => (nodes, false),
            Err(Trouble::Cdp(CdpError::TooLong)) => self.step_by_step(at, root.as_deref()).await?,
            Err(trouble) => return Err(trouble),
        };
        Ok(Document { at: at.clone(), nodes, root, owner, cut })
    }

    async fn whole(&self, at: &FrameAt) -> Asked<Vec<AxNode>> {
        let Nodes { nodes } = self.ask(&at.session, "Accessibility.getFullAXTree", json!({ "frameId": at.frame })).await?;
        Ok(nodes)
    }

    async fn ax_of(&self, element: &Element) -> Asked<String> {
        let wanted = json!({ "objectId": element.object, "fetchRelatives": false });
        let Nodes { nodes } = self.ask(&element.at.session, "Accessibility.getPartialAXTree", wanted).await?;
        let first = nodes.into_iter().next().map(|node| node.node_id);
        Ok(first.ok_or_else(|| CdpError::Refused("No node".into()))?)
    }

    /// Reads in the order in which it is shown, until there is enough.
    async fn step_by_step(&self, at: &FrameAt, root: Option<&str>) -> Asked<(Vec<AxNode>, bool)> {
        #[derive(Deserialize)]
        struct Root {
            node: AxNode,
        }
        let session = &at.session;
        self.say(session, "Accessibility.enable", json!({}));
        let Root { node } = self.ask(session, "Accessibility.getRootAXNode", json!({ "frameId": at.frame })).await?;
        let mut ahead = vec![root.map_or_else(|| node.node_id.clone(), str::to_owned)];
        let (mut nodes, mut cut) = (vec![node], false);
        for step in 0.. {
            let Some(next) = ahead.pop() else { break };
            if step == MAX_STEPS || nodes.len() as u64 > MAX_AT_ONCE {
                cut = true;
                break;
            }
            let wanted = json!({ "id": next, "frameId": at.frame });
            match self.ask::<Nodes>(session, "Accessibility.getChildAXNodes", wanted).await {
                Ok(children) => {
                    let room = (MAX_AT_ONCE as usize).saturating_sub(nodes.len());
                    cut |= children.nodes.len() > room;
                    let children = children.nodes.into_iter().take(room);
                    let before = nodes.len();
                    nodes.extend(children);
                    ahead.extend(
                        nodes[before..]
                            .iter()
                            .rev()
                            .filter(|child| !child.child_ids.is_empty())
                            .map(|child| child.node_id.clone()),
                    );
                }
                Err(Trouble::Cdp(CdpError::TooLong)) => cut = true,
                Err(trouble) if trouble.is_passing() && step > 0 => {}
                Err(trouble) => return Err(trouble),
            }
        }
        self.say(session, "Accessibility.disable", json!({}));
        Ok((nodes, cut))
    }

    /// The page as text of about so many characters.
    pub async fn snapshot(&self, tab: u32, root: Option<&Element>, most: usize) -> Result<Rendered, Failure> {
        let documents = self.documents(tab, root).await?;
        let start = root.map_or(0, |root| documents.iter().position(|document| document.at == root.at).unwrap_or(0));
        let mut refs = self.refs.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(render(&documents, start, &mut refs, most))
    }
}

#[cfg(test)]
mod tests;
