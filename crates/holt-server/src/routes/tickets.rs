//! Tickets, for requests of a browser that cannot carry a key.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{CreateTicket, Scope, Ticket, bounds};
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::clock::now;
use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::router::Declared;
use crate::state::App;

/// Makes a ticket: it lets one request through, within a minute, for exactly this address.
#[utoipa::path(post, path = "/v2/tickets", tag = "access", request_body = CreateTicket,
    responses((status = 201, description = "The ticket.", body = Ticket)))]
async fn create_ticket(
    State(app): State<App>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateTicket>,
) -> ApiResult<(StatusCode, Json<Ticket>)> {
    bounds::check_ticket(&request)?;
    let made = app.tickets.make(caller.proved(), &request.verb, &request.path, now());
    let (ticket, expires_at) = made.map_err(|_| {
        let message = "there are too many tickets that nobody has used";
        let hint = "Use those that there are, or wait until they expire.";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tickets", message, hint).retry_after(60)
    })?;
    Ok((StatusCode::CREATED, Json(Ticket { ticket, expires_at })))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(create_ticket))]
}
