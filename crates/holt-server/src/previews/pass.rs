//! Passing a request to what serves inside, and its answer back, both as streams. Each request has a connection of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::Response;
use bytes::Bytes;
use holt_core::machine::Refusal;
use holt_core::sandbox::SandboxError;
use holt_engine::EngineError;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tokio_util::task::AbortOnDropHandle;

use super::Preview;
use super::headers::{inward, outward};
use super::pages::Why;
use crate::auth::is_upgrade;
use crate::state::App;
use crate::streams::{Seat, Transport};

/// Passes it, or says why not.
pub(super) async fn pass(app: &App, preview: Arc<Preview>, request: Request) -> Response {
    let asked = request.headers().clone();
    match try_to_pass(app, &preview, request).await {
        Ok(response) => response,
        Err(why) => {
            if why == Why::Closed {
                app.previews.close(&preview.label);
            }
            why.answer(&asked, &preview.frames())
        }
    }
}

async fn try_to_pass(app: &App, preview: &Arc<Preview>, mut request: Request) -> Result<Response, Why> {
    let permit = Arc::clone(&preview.requests).try_acquire_owned().map_err(|_| Why::Busy)?;
    let link = app.engine.connect(&preview.by.principal, preview.session, preview.port).await;
    let link = match link {
        Ok(link) => link,
        Err(error) => return Err(why_not(app, preview, &error).await),
    };
    let wants_upgrade = is_upgrade(request.headers()) && request.version() == Version::HTTP_11;
    let browser = wants_upgrade.then(|| hyper::upgrade::on(&mut request));
    inward(request.headers_mut(), &preview.origin(), preview.port, wants_upgrade);
    *request.version_mut() = Version::HTTP_11;
    let (mut sender, connection) = handshake(TokioIo::new(link.compat())).await.map_err(|_| Why::Broken)?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.with_upgrades().await;
    }));
    let mut response = tokio::select! {
        response = sender.send_request(request) => response.map_err(|_| Why::Broken)?,
        () = preview.over.cancelled() => return Err(Why::Closed),
    };
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = response.headers().get(header::UPGRADE).cloned();
    outward(response.headers_mut(), &preview.frames(), preview.port);
    match (upgraded, browser) {
        (true, Some(browser)) => {
            let seat = app.streams.take(&preview.by.principal, Transport::Preview).map_err(|_| Why::Busy)?;
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().extend(protocol.map(|protocol| (header::UPGRADE, protocol)));
            let inside = hyper::upgrade::on(&mut response);
            tokio::spawn(converse(browser, inside, Arc::clone(preview), (connection, permit, seat)));
            Ok(response.map(|_| Body::empty()))
        }
        // Nobody asked for it.
        (true, None) => Err(Why::Broken),
        (false, _) => {
            let over = Box::pin(preview.over.clone().cancelled_owned());
            Ok(response.map(|body| Body::new(Answer { body, over, _held: (connection, permit) })))
        }
    }
}

async fn why_not(app: &App, preview: &Preview, error: &EngineError) -> Why {
    match error {
        EngineError::Sandbox(SandboxError::NobodyServes(port)) => Why::NobodyServes(*port),
        EngineError::Refused(Refusal::Closed) | EngineError::Sandbox(SandboxError::NotOpen | SandboxError::Gone) => {
            let session = app.engine.session(&preview.by.principal, preview.session).await;
            if session.is_ok_and(|session| session.ended.is_none()) { Why::Asleep } else { Why::Closed }
        }
        EngineError::NoSession(_) | EngineError::NotAllowed(_) => Why::Closed,
        _ => Why::Broken,
    }
}

type Held = (AbortOnDropHandle<()>, OwnedSemaphorePermit);

/// Bytes both ways, until both have ended or the preview is over.
async fn converse(
    browser: hyper::upgrade::OnUpgrade,
    inside: hyper::upgrade::OnUpgrade,
    preview: Arc<Preview>,
    _held: (AbortOnDropHandle<()>, OwnedSemaphorePermit, Seat),
) {
    let talk = async {
        let (Ok(browser), Ok(inside)) = tokio::join!(browser, inside) else { return };
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(browser), &mut TokioIo::new(inside)).await;
    };
    tokio::select! {
        () = talk => {}
        () = preview.over.cancelled() => {}
    }
}

/// The body of an answer, with all that it needs; cut when the preview is over.
struct Answer {
    body: Incoming,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    _held: Held,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(axum::Error::new(std::io::Error::other("the preview is over")))));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(axum::Error::new)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
