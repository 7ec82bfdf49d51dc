//! Which path does what, and what holds for all of them.

use super::metrics::Metrics;
use super::photos;
use super::problem::Problem;
use super::queue::Queue;
use super::token::Token;
use super::unread_body::UnreadBody;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Duration;

/// What describes the service to programs.
const OPENAPI: &str = include_str!("openapi.json");
/// Its line on tokens.
const SECURITY: &str = "\"security\": [{\"bearer\": []}]";
/// Around the photo in a multipart body.
const FORM: usize = 64 << 10;
/// Paths that are counted by name.
const PATHS: [&str; 5] = [
    "/v1/photo",
    "/v1/detect",
    "/healthz",
    "/metrics",
    "/openapi.json",
];
/// Paths that ask for no token: they reveal nothing of what is done.
const OPEN: [&str; 2] = ["/healthz", "/openapi.json"];

/// What all requests share.
#[derive(Clone)]
pub(super) struct App {
    pub(super) queue: Arc<Queue>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) token: Option<Arc<Token>>,
    pub(super) max_bytes: usize,
    pub(super) longest: Duration,
}

/// All paths.
pub(super) fn router(app: App) -> Router {
    let limit = DefaultBodyLimit::max(app.max_bytes.saturating_add(FORM));
    Router::new()
        .route("/v1/photo", post(photos::photo))
        .route("/v1/detect", post(photos::detect))
        .route(
            "/healthz",
            get(|| async { json("{\"status\":\"ok\"}".into()) }),
        )
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            let what = "the path does not take this method";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, what)
        })
        .layer(limit)
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
}

/// The gate in front of every path, and the headers and counts behind it.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = request.uri().path();
    let path = PATHS
        .into_iter()
        .find(|path| *path == asked)
        .unwrap_or("other");
    let is_open = OPEN.contains(&path);
    let may = is_open
        || app
            .token
            .as_ref()
            .is_none_or(|token| token.is_in(request.headers()));
    let (request, unread) = UnreadBody::keep(request);
    let mut response = match may {
        true => next.run(request).await,
        false => {
            let what = "a bearer token is asked for";
            Problem::new(StatusCode::UNAUTHORIZED, what).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    app.metrics.request(path, response.status().as_u16());
    unread.discard().await;
    response
}

async fn metrics(State(app): State<App>) -> Response {
    let text = app.metrics.text(app.queue.taken());
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}

async fn openapi(State(app): State<App>) -> Response {
    json(document(app.token.is_some()))
}

/// The description of this service, which says whether it asks for a token.
fn document(asks_for_token: bool) -> String {
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    let text = OPENAPI.replacen("\"0.0.0\"", &version, 1);
    match asks_for_token {
        true => text,
        false => text.replacen(SECURITY, "\"security\": []", 1),
    }
}

/// An answer in JSON.
pub(super) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_path() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).expect("JSON");
        let mut paths: Vec<&str> = PATHS.to_vec();
        paths.sort_unstable();
        let described = document["paths"].as_object().expect("paths");
        assert_eq!(described.keys().collect::<Vec<_>>(), paths);
    }

    #[test]
    fn the_document_says_whether_a_token_is_asked_for() {
        let security = |asks| {
            let document: serde_json::Value = serde_json::from_str(&document(asks)).expect("JSON");
            document["security"].clone()
        };
        assert_eq!(security(true), serde_json::json!([{"bearer": []}]));
        assert_eq!(security(false), serde_json::json!([]));
    }
}
