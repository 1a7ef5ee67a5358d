//! What browsers know of the places that somebody signed in to, kept sealed for their next session.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use holt_api::{ProfileList, Scope};
use holt_core::profile::{ProfileError, ProfileKey, ProfileName};
use utoipa_axum::routes;

use super::transfer::off_thread;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::router::Declared;
use crate::state::App;

/// Lists your browser profiles.
///
/// A session is given one when it is made, by `browser_profile`; with a name that is not there yet, it begins empty. What its browser
/// knows when the session's sandbox closes is sealed under that name, and no other session can have it meanwhile.
#[utoipa::path(get, path = "/v2/profiles", tag = "desktop",
    responses((status = 200, description = "By name.", body = ProfileList)))]
async fn list_profiles(State(app): State<App>, caller: Caller) -> ApiResult<Json<ProfileList>> {
    let (profiles, owner) = (app.profiles.clone(), caller.principal.owner.clone());
    let items = off_thread(move || profiles.list(&owner)).await?.map_err(failed)?;
    Ok(Json(ProfileList { items }))
}

/// Removes a browser profile: what it knows is gone. One that a session has now stays.
#[utoipa::path(delete, path = "/v2/profiles/{name}", tag = "desktop",
    params(("name" = ProfileName, Path, description = "The profile's name.")),
    responses((status = 204, description = "It is gone.")))]
async fn remove_profile(State(app): State<App>, caller: Caller, Path(name): Path<String>) -> ApiResult<StatusCode> {
    let name = ProfileName::new(name).map_err(|_| unknown())?;
    let profiles = app.profiles.clone();
    let key = ProfileKey { owner: caller.principal.owner.clone(), name };
    let was_there = off_thread(move || profiles.forget(&key)).await?.map_err(failed)?;
    was_there.then_some(StatusCode::NO_CONTENT).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "profile_not_found", "there is no such profile", "`GET /v2/profiles` lists yours.")
}

fn failed(error: ProfileError) -> ApiError {
    match error {
        ProfileError::Held(session) => {
            let message = format!("the profile is in use by session {session}");
            ApiError::new(StatusCode::CONFLICT, "profile_held", message, "Stop that session or let it sleep first.")
        }
        error => {
            tracing::warn!(%error, "profiles of browsers");
            let hint = "The server's log says more.";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "profiles_failed", "the profiles cannot be reached", hint)
        }
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(list_profiles)), Declared::needs(Scope::Operate, routes!(remove_profile))]
}
