//! All routes, put together: one list from which the router, the documentation and the tests come.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::MethodRouter;
use holt_core::access::Scope;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::auth::{Access, Guard, Pace, gate, guard};
use crate::error::ApiError;
use crate::http::envelope::{envelope, panicked};
use crate::page::page;
use crate::previews::divert;
use crate::routes;
use crate::state::App;

/// One or more methods of one path, with who may use them.
pub(crate) struct Declared {
    pub access: Access,
    pub pace: Pace,
    pub paths: Paths,
    pub schemas: Vec<(String, RefOr<Schema>)>,
    methods: MethodRouter<App>,
}

impl Declared {
    fn new(access: Access, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        Self { access, pace: Pace::Quick, paths, schemas, methods }
    }

    pub fn open(routes: UtoipaMethodRouter<App>) -> Self {
        Self::new(Access::Open, routes)
    }

    pub fn public(routes: UtoipaMethodRouter<App>) -> Self {
        Self::new(Access::Public, routes)
    }

    pub fn needs(scope: Scope, routes: UtoipaMethodRouter<App>) -> Self {
        Self::new(Access::Needs(scope), routes)
    }

    /// The client may take its time to send.
    pub fn unhurried(self) -> Self {
        Self { pace: Pace::Unhurried, ..self }
    }
}

pub(crate) fn build(app: &App) -> Router {
    let mut router = Router::new();
    for declared in routes::all() {
        let guarding = Guard { app: app.clone(), access: declared.access, pace: declared.pace };
        let methods = declared.methods.route_layer(from_fn_with_state(guarding, guard));
        for path in declared.paths.paths.keys() {
            router = router.route(path, methods.clone());
        }
    }
    router
        .fallback(page)
        .method_not_allowed_fallback(async || ApiError::of_status(axum::http::StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), gate))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(envelope))
        // What a sandbox serves is nothing of the above.
        .layer(from_fn_with_state(app.clone(), divert))
        .with_state(app.clone())
}

/// A route, as tests and tools see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    pub method: String,
    /// With parameters in braces; one that takes the rest of the path begins with `*`.
    pub path: String,
    /// What a caller must hold; absent for the few routes that need no credentials.
    pub scope: Option<Scope>,
}

/// Every route that the server has, apart from the files of the page.
pub fn route_list() -> Vec<RouteInfo> {
    let mut list = Vec::new();
    for declared in routes::all() {
        let scope = match declared.access {
            Access::Needs(scope) => Some(scope),
            Access::Open | Access::Public => None,
        };
        for (path, item) in &declared.paths.paths {
            for (method, _) in crate::docs::operations(item) {
                list.push(RouteInfo { method: method.into(), path: path.clone(), scope });
            }
        }
    }
    list
}
