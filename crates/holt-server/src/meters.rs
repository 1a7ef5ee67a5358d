//! The figures of this process, for Prometheus.

use std::sync::OnceLock;

use holt_api::ServerMemory;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// From half a millisecond to ten seconds: what people and programs can tell apart.
const SECONDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Starts to count. A process has one set of figures, however many servers are in it.
pub(crate) fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let recorder = builder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("the process has another set of figures already; /metrics stays empty");
            }
            describe();
            handle
        })
        .clone()
}

fn describe() {
    describe_counter!("holt_http_requests_total", "Requests that were answered, by route, method and status.");
    describe_histogram!("holt_http_request_seconds", Unit::Seconds, "Time until the head of an answer, by route and method.");
    describe_gauge!("holt_streams", "Live streams that are open, by transport.");
    describe_gauge!("holt_sessions", "Sessions on record, by status.");
    describe_gauge!("holt_sessions_awake", "Sessions with an owner.");
    describe_gauge!("holt_sandboxes_open", "Sandboxes that are open.");
    describe_gauge!("holt_followers", "Followers of sessions.");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory that the server itself holds.");
    describe_gauge!("process_open_fds", "Files and sockets that the server itself holds open.");
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "When the server started, since 1970.");
}

/// What the server itself holds, from the kernel.
pub(crate) fn memory() -> ServerMemory {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count());
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    // The directory that was just read is open too.
    ServerMemory { resident_bytes: pages * page, open_files: u64::try_from(open).unwrap_or(0).saturating_sub(1) }
}
