//! The cookies that a request brings. Only what stands on an origin of its own has any.

use axum::http::{HeaderMap, header};

/// Their names and values, as they came.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='))
}
