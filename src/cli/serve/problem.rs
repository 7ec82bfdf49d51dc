//! Refusals, as `application/problem+json` (RFC 9457).

use crate::cli::run::worker::{Fault, NotDone};
use crate::cli::ui::show;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request is not answered with what it asks for.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Seconds after which the client may try again.
    retry_after: Option<u64>,
}

impl Problem {
    /// With a sentence for a person.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// Too many photos are waiting.
    pub(super) fn busy(seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many photos are waiting",
            )
        }
    }

    /// The service ends before the photo's turn; another one may run behind the same address.
    pub(super) fn ending() -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service is ending")
        }
    }

    /// A photo that was not done.
    pub(super) fn of_photo(why: &anyhow::Error) -> Self {
        let status = match why.downcast_ref::<NotDone>().map(|e| e.fault) {
            None => StatusCode::UNPROCESSABLE_ENTITY,
            Some(Fault::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Some(Fault::TooSlow) => StatusCode::GATEWAY_TIMEOUT,
            Some(Fault::Interrupted) => return Self::ending(),
            Some(Fault::Crashed) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, show::chain(why))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, "application/problem+json");
        if self.status == StatusCode::UNAUTHORIZED {
            set(header::WWW_AUTHENTICATE, "Bearer");
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
