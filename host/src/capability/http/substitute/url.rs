//! A value that is an address: the first segment of the request's path stands for it.

use http::Uri;
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Held;

/// The first segment of the path is the placeholder: the secret URL's path and query
/// take its place, what the plugin wrote after it stays. The origin must be the secret's.
pub(super) fn put(uri: &mut Uri, held: &Held, value: &str) -> Result<(), String> {
    let (Ok(secret), Some(path)) = (Url::parse(value), uri.path_and_query()) else {
        return Ok(());
    };
    let Some(rest) = path.as_str().strip_prefix(&format!("/{}", held.token)) else {
        return Ok(());
    };
    if !(rest.is_empty() || rest.starts_with(['/', '?'])) {
        return Ok(());
    }
    if !same_origin(uri, &secret) {
        return Err("the request goes to another host or port than its address names".to_owned());
    }
    let (more, query) = rest
        .split_once('?')
        .map_or((rest, None), |(more, query)| (more, Some(query)));
    // The secret's path as it is; a slash between it and what follows stands once.
    let path = if more.is_empty() {
        secret.path()
    } else {
        secret.path().trim_end_matches('/')
    };
    let queries = [secret.query(), query].into_iter().flatten();
    let queries = queries.collect::<Vec<_>>();
    let queries = Zeroizing::new(queries.join("&"));
    let mark = if queries.is_empty() { "" } else { "?" };
    let whole = Zeroizing::new(format!("{path}{more}{mark}{}", *queries));
    let mut parts = uri.clone().into_parts();
    let invalid = || "its value is no address that a request can have".to_owned();
    parts.path_and_query = Some(whole.parse().map_err(|_| invalid())?);
    *uri = Uri::from_parts(parts).map_err(|_| invalid())?;
    Ok(())
}

fn same_origin(uri: &Uri, secret: &Url) -> bool {
    let same_host = |host: &str| {
        secret
            .host_str()
            .is_some_and(|own| own.eq_ignore_ascii_case(host))
    };
    uri.scheme_str() == Some(secret.scheme())
        && uri.host().is_some_and(same_host)
        && uri.port_u16().or_else(|| default_port(uri)) == secret.port_or_known_default()
}

fn default_port(uri: &Uri) -> Option<u16> {
    match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    }
}
