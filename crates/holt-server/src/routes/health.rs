//! Whether the server works, for load balancers and other programs. No key is needed and no secret is inside.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{CheckState, Checks, Finding, FindingState, Health, HealthState, Readiness, Reason, Services};
use holt_core::store::StoreError;
use utoipa_axum::routes;

use crate::router::Declared;
use crate::state::App;

/// Says whether the server works.
#[utoipa::path(get, path = "/health", tag = "server",
    responses((status = 200, description = "It works, perhaps with less than it could.", body = Health),
        (status = 503, description = "It does not work.", body = Health)))]
async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let checks = check(&app, &app.findings_so_far()).await;
    let all = [checks.store, checks.sandbox, checks.model];
    let status = if checks.store == CheckState::Failed {
        HealthState::Unhealthy
    } else if all.iter().all(|state| *state == CheckState::Ok) {
        HealthState::Healthy
    } else {
        HealthState::Degraded
    };
    let works = |state| state != CheckState::Failed;
    let health = Health {
        status,
        version: app.about.version.clone(),
        uptime: app.started.elapsed().as_secs(),
        timestamp: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        service: "holt".into(),
        agent_manager: true,
        connections: u64::try_from(app.streams.count()).unwrap_or(u64::MAX),
        services: Services { redis: works(checks.store), docker: works(checks.sandbox), workers: 1 },
        checks,
    };
    let code = if status == HealthState::Unhealthy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(health))
}

/// Says whether the server can take work, and what is less than it could be.
#[utoipa::path(get, path = "/ready", tag = "server",
    responses((status = 200, description = "It can.", body = Readiness), (status = 503, description = "It cannot.", body = Readiness)))]
async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let (store, findings) = (app.engine.status().await.store, app.findings().await);
    let mut reasons: Vec<Reason> = store.err().iter().map(store_reason).collect();
    reasons.extend(findings.iter().filter(|finding| finding.state != FindingState::Good).map(|finding| Reason {
        name: finding.name.clone(),
        state: finding.state,
        text: finding.text.clone(),
    }));
    if app.closing.is_cancelled() {
        reasons.push(Reason { name: "shutdown".into(), state: FindingState::Bad, text: "The server is ending.".into() });
    }
    let ready = reasons.iter().all(|reason| reason.state != FindingState::Bad);
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Readiness { ready, reasons }))
}

fn store_reason(error: &StoreError) -> Reason {
    // The details may name files of the host; strangers get the kind alone.
    let text = match error {
        StoreError::Full => "There is no space left on the disk that holds the data directory.",
        StoreError::Damaged(_) => "Something that is stored is damaged.",
        _ => "The store cannot be written.",
    };
    Reason { name: "store".into(), state: FindingState::Bad, text: text.into() }
}

async fn check(app: &App, findings: &[Finding]) -> Checks {
    let worst = findings.iter().map(|finding| finding.state).fold(FindingState::Good, |worst, state| match (worst, state) {
        (FindingState::Bad, _) | (_, FindingState::Bad) => FindingState::Bad,
        (FindingState::Weak, _) | (_, FindingState::Weak) => FindingState::Weak,
        _ => FindingState::Good,
    });
    Checks {
        store: if app.engine.check_store().await.is_ok() { CheckState::Ok } else { CheckState::Failed },
        sandbox: match worst {
            FindingState::Good => CheckState::Ok,
            FindingState::Weak => CheckState::Degraded,
            FindingState::Bad => CheckState::Failed,
        },
        model: if app.engine.models().is_empty() { CheckState::Failed } else { CheckState::Ok },
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::open(routes!(health)), Declared::open(routes!(ready))]
}
