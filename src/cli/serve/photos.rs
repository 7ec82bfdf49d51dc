//! The two paths that take a photo.

use super::problem::Problem;
use super::queue::Slot;
use super::routes::{App, json};
use crate::cli::run::worker::PhotoResult;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use faceveil::photo::FileKind;
use faceveil::{FileReport, Photo};
use http_body_util::{BodyExt, Full};
use std::fmt::Write;
use std::time::Instant;

/// A report that is longer in a header is left out: proxies refuse large heads.
const HEADER_BYTES: usize = 4096;
/// The part of a form that holds the photo.
const PART: &str = "photo";

/// A photo in, the covered photo out.
pub(super) async fn photo(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let in_parts = accepts_parts(request.headers());
    let (done, slot) = work(&app, request, true).await?;
    let media_type = done.written.media_type();
    let Some(covered) = done.covered else {
        let what = "no new photo was made";
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what));
    };
    let (mut report, bytes) = (covered.report, covered.bytes);
    report.output = Some("-".into());
    let text = to_json(&report)?;
    if in_parts {
        return parts(&text, media_type, &bytes, slot);
    }
    let length = bytes.len();
    let mut response = Response::new(body(bytes, slot));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert("faceveil-faces", report.faces.len().into());
    let text = ascii(&text);
    if let (true, Ok(value)) = (text.len() <= HEADER_BYTES, HeaderValue::from_str(&text)) {
        headers.insert("faceveil-report", value);
    }
    Ok(response)
}

/// A photo in, its report out.
pub(super) async fn detect(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (done, _slot) = work(&app, request, false).await?;
    let mut report = done.found;
    (report.style, report.formats) = (None, None);
    Ok(json(to_json(&report)?))
}

/// Reads the photo of a request and has it worked on, unless the service ends first.
async fn work(app: &App, request: Request, cover: bool) -> Result<(PhotoResult, Slot), Problem> {
    tokio::select! {
        done = read_and_work(app, request, cover) => done,
        ending = app.queue.closed() => Err(ending),
    }
}

async fn read_and_work(
    app: &App,
    request: Request,
    cover: bool,
) -> Result<(PhotoResult, Slot), Problem> {
    let slot = app.queue.admit(length(request.headers(), app.max_bytes)?)?;
    let bytes = match tokio::time::timeout(app.longest, read(app, request)).await {
        Ok(bytes) => bytes?,
        Err(_) => {
            let what = format!(
                "the photo did not arrive within {} s",
                app.longest.as_secs()
            );
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, what));
        }
    };
    check(&bytes, app.max_bytes)?;
    let (start, length) = (Instant::now(), bytes.len());
    let mut done = app.queue.photo(bytes, cover).await?;
    let name = "-".to_owned();
    done.found.input.clone_from(&name);
    let (mut written, faces) = (0, done.found.faces.len());
    if let Some(covered) = &mut done.covered {
        covered.report.input = name;
        written = covered.bytes.len();
    }
    app.metrics.photo(start.elapsed(), length, written, faces);
    Ok((done, slot))
}

/// The length that a request names.
fn length(headers: &HeaderMap, max_bytes: usize) -> Result<Option<usize>, Problem> {
    let named = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok());
    let named = named.and_then(|text| text.parse::<u64>().ok());
    let Some(named) = named else { return Ok(None) };
    match usize::try_from(named) {
        Ok(length) if length <= max_bytes => Ok(Some(length)),
        // A form may be a little longer than its photo; what it holds is counted.
        _ if is_form(headers) && named <= max_bytes as u64 + (64 << 10) => Ok(Some(max_bytes)),
        _ => Err(too_large(max_bytes)),
    }
}

fn too_large(max_bytes: usize) -> Problem {
    let what = format!("a photo may have {max_bytes} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, what)
}

fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|essence| essence == "multipart/form-data")
}

/// What a request says its body is, without parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// The bytes of the photo.
async fn read(app: &App, request: Request) -> Result<Bytes, Problem> {
    if is_form(request.headers()) {
        return read_form(app, request).await;
    }
    match media_type(request.headers()).as_deref() {
        None | Some("application/octet-stream") => {}
        // The usual one of `curl --data-binary`, which nobody chose.
        Some("application/x-www-form-urlencoded") => {}
        Some(kind) if kind.starts_with("image/") => {}
        Some(kind) => {
            let what = format!("{kind} is no media type of a photo");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
        }
    }
    Bytes::from_request(request, &())
        .await
        .map_err(|why| match why.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(app.max_bytes),
            status => Problem::new(status, "the body could not be read to its end"),
        })
}

/// The photo in a form: the part of that name.
async fn read_form(app: &App, request: Request) -> Result<Bytes, Problem> {
    let wrong = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(app.max_bytes),
        status => Problem::new(status, "the form could not be read to its end"),
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|e| wrong(e.status()))?;
    while let Some(field) = form.next_field().await.map_err(|e| wrong(e.status()))? {
        if field.name() == Some(PART) {
            return field.bytes().await.map_err(|e| wrong(e.status()));
        }
    }
    let what = format!("the form has no part `{PART}`");
    Err(Problem::new(StatusCode::BAD_REQUEST, what))
}

/// Refuses what is no photo.
fn check(bytes: &[u8], max_bytes: usize) -> Result<(), Problem> {
    let refuse = |what: String| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    if bytes.is_empty() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "there is no photo in the request",
        ));
    }
    if bytes.len() > max_bytes {
        return Err(too_large(max_bytes));
    }
    match Photo::recognise(bytes) {
        // A raw file may have a preview.
        FileKind::Photo(_) | FileKind::Raw(_) => Ok(()),
        FileKind::Video(kind) => refuse(format!("it is a video ({kind}); photos only")),
        FileKind::Refused(kind) => refuse(format!("{kind} files are not handled")),
        _ => refuse("it is no picture of a known format".into()),
    }
}

fn to_json(report: &FileReport) -> Result<String, Problem> {
    let failed = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "writing the report");
    serde_json::to_string(report).map_err(failed)
}

/// Whether the answer may be a photo and its report in one body.
fn accepts_parts(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    values
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|range| {
            let essence = range.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("multipart/mixed")
        })
}

/// The report and the photo as `multipart/mixed` (RFC 2046).
fn parts(report: &str, media_type: &str, photo: &[u8], slot: Slot) -> Result<Response, Problem> {
    let failed = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no random numbers");
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(failed)?;
    let mut boundary = String::from("faceveil-");
    for byte in random {
        let _ = write!(boundary, "{byte:02x}");
    }
    let mut bytes = Vec::with_capacity(photo.len() + report.len() + 512);
    bytes.extend(
        format!("--{boundary}\r\nContent-Type: application/json\r\n\r\n{report}\r\n").bytes(),
    );
    bytes.extend(format!("--{boundary}\r\nContent-Type: {media_type}\r\n\r\n").bytes());
    bytes.extend(photo);
    bytes.extend(format!("\r\n--{boundary}--\r\n").bytes());
    let length = bytes.len();
    let mut response = Response::new(body(bytes, slot));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    let kind = format!("multipart/mixed; boundary={boundary}");
    if let Ok(value) = HeaderValue::from_str(&kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    Ok(response)
}

/// A body that keeps its slot until it is sent.
fn body(bytes: Vec<u8>, slot: Slot) -> Body {
    Body::new(Full::new(Bytes::from(bytes)).map_frame(move |frame| {
        let _until_sent = &slot;
        frame
    }))
}

/// JSON with escapes in place of what no header takes.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_any_json() {
        let value = serde_json::json!({"warnings": ["é \u{1f600} \"x\""]});
        let text = ascii(&value.to_string());
        assert!(text.is_ascii());
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON"),
            value
        );
    }

    #[test]
    fn parts_are_sent_to_whoever_names_them() {
        let accepts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, value.parse().expect("a value"));
            accepts_parts(&headers)
        };
        assert!(accepts("multipart/mixed") && accepts("image/*;q=0.5, Multipart/Mixed; q=1"));
        assert!(!accepts("*/*") && !accepts("image/jpeg"));
    }
}
