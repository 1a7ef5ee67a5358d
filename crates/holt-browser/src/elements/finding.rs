//! Finding an element, waiting until it is as it has to be, and where it is in the window.

use std::sync::PoisonError;

use holt_toolbox::answer::Failure;
use serde::Deserialize;
use serde_json::json;

use super::{At, Element, FrameAt, MAX_FRAMES, Needs, Remote};
use crate::browser::{Asked, Live, Trouble};
use crate::cdp::CdpError;
use crate::limit::{Patience, Pauses};

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

impl Live {
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
fn reference(target: &str) -> Option<u32> {
    let target = target.trim().trim_start_matches("[ref=").trim_start_matches("ref=").trim_end_matches(']');
    target.strip_prefix('e').filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
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
