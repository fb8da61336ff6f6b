//! One request over `wasi:http`, and what its errors mean: whether the request was refused,
//! was not sent, or may have been. Redirects are answers like others.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme,
};

use crate::answer::Answer;
use crate::deliver::Lost;
use crate::service::{self, Request};

/// How long a connection and the first byte of an answer may take, in nanoseconds. A
/// message is not worth the step's whole timeout.
const CONNECT: u64 = 10_000_000_000;
const ANSWER: u64 = 30_000_000_000;
/// What one write to a body's stream takes at most, in bytes: a limit of `wasi:io`.
const CHUNK: usize = 4_096;
/// What one read of an answer's body asks for, and what is kept of it in all, in bytes.
/// Slack repeats the whole message in its answer.
const READ: u64 = 65_536;
const KEPT: usize = 1 << 20;

/// Sends a request.
pub(crate) fn send(request: &Request) -> Result<Answer, Lost> {
    let body = &request.body;
    let request = outgoing(request)?;
    let stream = request
        .body()
        .map_err(|()| invalid("the request has no body"))?;
    let options = RequestOptions::new();
    // A host that knows no such limits keeps its own.
    let _ = options.set_connect_timeout(Some(CONNECT));
    let _ = options.set_first_byte_timeout(Some(ANSWER));
    let response = outgoing_handler::handle(request, Some(options)).map_err(|code| lost(&code))?;
    // The connection may break while the body is written; the response says how.
    let written = write(stream, body);
    response.subscribe().block();
    match response.get() {
        Some(Ok(Ok(response))) => Ok(answer(&response)),
        Some(Ok(Err(code))) => Err(lost(&code)),
        Some(Err(())) | None => Err(written
            .err()
            .unwrap_or_else(|| Lost::Unanswered("the host has no answer".to_owned()))),
    }
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, Lost> {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let agent = concat!("sluice-notify/", env!("CARGO_PKG_VERSION"));
    let mut headers = vec![
        header("content-length", &request.body.len().to_string()),
        header("user-agent", agent),
    ];
    let own = request.headers.iter();
    headers.extend(own.map(|(name, value)| header(name, value)));
    let headers =
        Fields::from_list(&headers).map_err(|_| invalid("the headers are not accepted"))?;
    let method = match request.method {
        service::Method::Post => Method::Post,
        service::Method::Put => Method::Put,
        service::Method::Patch => Method::Patch,
    };
    let url = &request.url;
    let request = OutgoingRequest::new(headers);
    let scheme = if url.secure {
        Scheme::Https
    } else {
        Scheme::Http
    };
    request
        .set_method(&method)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(&url.authority)))
        .and_then(|()| request.set_path_with_query(Some(&url.path)))
        .map_err(|()| invalid("the address is not accepted"))?;
    Ok(request)
}

fn write(body: OutgoingBody, text: &str) -> Result<(), Lost> {
    let broken = |_| Lost::Unanswered("the connection broke while it was sent".to_owned());
    let stream = body
        .write()
        .map_err(|()| invalid("the body takes no text"))?;
    for chunk in text.as_bytes().chunks(CHUNK) {
        stream.blocking_write_and_flush(chunk).map_err(broken)?;
    }
    // A stream is a child of its body and has to go first.
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| lost(&code))
}

fn answer(response: &IncomingResponse) -> Answer {
    let headers = response.headers();
    let retry_after = headers.get("retry-after").into_iter().next();
    Answer {
        status: response.status(),
        retry_after: retry_after.map(|value| String::from_utf8_lossy(&value).into_owned()),
        body: String::from_utf8_lossy(&body(response)).into_owned(),
    }
}

/// The body as far as it is kept, or until it breaks: the status counts.
fn body(response: &IncomingResponse) -> Vec<u8> {
    let mut kept = Vec::new();
    let Ok(body) = response.consume() else {
        return kept;
    };
    let Ok(stream) = body.stream() else {
        return kept;
    };
    while kept.len() < KEPT
        && let Ok(more) = stream.blocking_read(READ)
    {
        kept.extend(more);
    }
    kept
}

fn invalid(why: &str) -> Lost {
    Lost::Invalid(why.to_owned())
}

/// What an error of the host says of the request.
fn lost(code: &ErrorCode) -> Lost {
    let why = match code {
        ErrorCode::DnsError(dns) => {
            format!(
                "its name was not resolved ({})",
                dns.rcode.as_deref().unwrap_or("no answer")
            )
        }
        ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
            "its name was not resolved".to_owned()
        }
        ErrorCode::ConnectionRefused => "it refused the connection".to_owned(),
        ErrorCode::ConnectionTimeout => "the connection took too long".to_owned(),
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "the connection was closed".to_owned()
        }
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            "it took too long".to_owned()
        }
        ErrorCode::TlsCertificateError => "its certificate is not trusted".to_owned(),
        ErrorCode::HttpRequestDenied => "the step has no permission for it".to_owned(),
        ErrorCode::DestinationIpProhibited => "its address is not allowed".to_owned(),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            "TLS could not be agreed on".to_owned()
        }
        ErrorCode::HttpProtocolError => "it does not speak HTTP as it should".to_owned(),
        ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            "its address is not accepted".to_owned()
        }
        ErrorCode::InternalError(Some(message)) => message.clone(),
        // Their names in full would be 4 kB of a component.
        _ => "the host could not send it or read the answer".to_owned(),
    };
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Lost::Denied(why),
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsAlertReceived(_) => Lost::NotSent(why),
        ErrorCode::TlsCertificateError
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestTrailerSectionSize(_)
        | ErrorCode::HttpRequestTrailerSize(_)
        | ErrorCode::ConfigurationError => Lost::Invalid(why),
        // The rest happens when the request is on its way, or may be.
        _ => Lost::Unanswered(why),
    }
}

#[cfg(test)]
mod tests {
    use wasip2::http::types::{DnsErrorPayload, ErrorCode};

    use super::lost;
    use crate::deliver::Lost;

    #[test]
    fn only_what_was_surely_not_sent_counts_as_not_sent() {
        let denied = |why: &str| Lost::Denied(why.to_owned());
        let not_sent = |why: &str| Lost::NotSent(why.to_owned());
        let unanswered = |why: &str| Lost::Unanswered(why.to_owned());
        let no_name = ErrorCode::DnsError(DnsErrorPayload {
            rcode: Some("NXDOMAIN".to_owned()),
            info_code: None,
        });
        let cases = [
            (
                ErrorCode::HttpRequestDenied,
                denied("the step has no permission for it"),
            ),
            (
                ErrorCode::DestinationIpProhibited,
                denied("its address is not allowed"),
            ),
            (no_name, not_sent("its name was not resolved (NXDOMAIN)")),
            (
                ErrorCode::ConnectionRefused,
                not_sent("it refused the connection"),
            ),
            (
                ErrorCode::ConnectionTimeout,
                not_sent("the connection took too long"),
            ),
            (
                ErrorCode::TlsCertificateError,
                Lost::Invalid("its certificate is not trusted".to_owned()),
            ),
            (
                ErrorCode::ConnectionTerminated,
                unanswered("the connection was closed"),
            ),
            (
                ErrorCode::ConnectionReadTimeout,
                unanswered("it took too long"),
            ),
            (
                ErrorCode::HttpResponseTimeout,
                unanswered("it took too long"),
            ),
            (
                ErrorCode::HttpResponseIncomplete,
                unanswered("the connection was closed"),
            ),
            (
                ErrorCode::InternalError(Some("odd".to_owned())),
                unanswered("odd"),
            ),
        ];
        for (code, expected) in cases {
            assert_eq!(lost(&code), expected);
        }
    }
}
