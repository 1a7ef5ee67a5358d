//! The live streams that are open: how many, and whose.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use holt_core::access::Principal;
use holt_core::id::{KeyId, OwnerId};
use metrics::gauge;
use tokio::sync::watch;

use crate::error::{ApiError, ApiResult};

#[derive(Debug)]
pub(crate) struct Streams {
    per_key: usize,
    open: Arc<Open>,
}

#[derive(Debug)]
struct Open {
    by: Mutex<HashMap<Holder, usize>>,
    total: watch::Sender<usize>,
}

/// Whoever holds a stream: a key, or an owner that came without one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    Key(KeyId),
    Owner(OwnerId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Events,
    Socket,
    Desktop,
    Preview,
    Terminal,
    Mcp,
}

impl Transport {
    fn word(self) -> &'static str {
        match self {
            Self::Events => "sse",
            Self::Socket => "websocket",
            Self::Desktop => "desktop",
            Self::Preview => "preview",
            Self::Terminal => "terminal",
            Self::Mcp => "mcp",
        }
    }
}

/// A place for one stream; dropped, it is free again.
#[derive(Debug)]
pub(crate) struct Seat {
    open: Arc<Open>,
    holder: Holder,
    transport: Transport,
}

impl Streams {
    pub fn new(per_key: usize) -> Self {
        Self { per_key, open: Arc::new(Open { by: Mutex::new(HashMap::new()), total: watch::Sender::new(0) }) }
    }

    pub fn take(&self, by: &Principal, transport: Transport) -> ApiResult<Seat> {
        let holder = by.key.map_or_else(|| Holder::Owner(by.owner.clone()), Holder::Key);
        let mut held = self.open.lock();
        let count = held.entry(holder.clone()).or_default();
        if *count >= self.per_key {
            let message = format!("this key holds {} streams open already", self.per_key);
            let hint = "Close some; one socket follows many sessions.";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message, hint).retry_after(5));
        }
        *count += 1;
        self.open.total.send_modify(|total| *total += 1);
        gauge!("holt_streams", "transport" => transport.word()).increment(1.0);
        Ok(Seat { open: self.open.clone(), holder, transport })
    }

    pub fn count(&self) -> usize {
        *self.open.total.borrow()
    }

    /// Waits until every stream has ended.
    pub async fn empty(&self) {
        let _ = self.open.total.subscribe().wait_for(|total| *total == 0).await;
    }
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.open.lock();
        if let Some(count) = held.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.holder);
            }
        }
        drop(held);
        self.open.total.send_modify(|total| *total -= 1);
        gauge!("holt_streams", "transport" => self.transport.word()).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keyring::Proved;

    #[test]
    fn one_holder_has_so_many_and_no_more() {
        let streams = Streams::new(2);
        let by = Proved::owner("test").principal;
        let other = Principal { owner: OwnerId::new("other"), ..by.clone() };
        let first = streams.take(&by, Transport::Events).unwrap();
        let _second = streams.take(&by, Transport::Socket).unwrap();
        assert_eq!(streams.take(&by, Transport::Socket).unwrap_err().code, "too_many_streams");
        let _others = streams.take(&other, Transport::Socket).unwrap();
        assert_eq!(streams.count(), 3);
        drop(first);
        assert!(streams.take(&by, Transport::Socket).is_ok());
    }
}
