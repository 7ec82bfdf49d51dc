//! What a client still sends when its answer is known already.
//!
//! Many clients read no answer before they have sent their whole request. If the connection ended
//! with bytes of a photo on the way, they would see a broken pipe in place of 401, 413 or 503. So
//! the rest is read and thrown away first, for a while.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// How long the rest of a body is read. Less than the time that is left after a signal.
const WITHIN: Duration = Duration::from_secs(8);

/// A body that can be read on once a handler has let go of it.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}

/// What no handler has read of a request's body.
pub(super) struct UnreadBody(Option<Shared>);

impl UnreadBody {
    /// Stays behind when a handler gets the request.
    pub(super) fn keep(request: Request) -> (Request, Self) {
        // Such a client waits for the answer before it sends anything.
        if request.headers().contains_key(header::EXPECT) {
            return (request, Self(None));
        }
        let (head, body) = request.into_parts();
        let shared = Shared(Arc::new(Mutex::new(body)));
        let rest = Self(Some(shared.clone()));
        (Request::from_parts(head, Body::new(shared)), rest)
    }

    /// Reads it to its end, or until the time is over.
    pub(super) async fn discard(self) {
        let Some(mut body) = self.0 else { return };
        let all = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = tokio::time::timeout(WITHIN, all).await;
    }
}
