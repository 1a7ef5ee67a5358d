//! What this machine can do, by trying.

use holt_core::sandbox::Finding;

use super::driver::Inner;

pub async fn examine(_inner: &Inner) -> Vec<Finding> {
    Vec::new()
}
