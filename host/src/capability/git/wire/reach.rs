//! The way to a remote's host. The pipeline's author names it, and forges stand in private
//! networks: what is not dialled are addresses that a name may be bent to.

use std::{fmt::Display, net::IpAddr};

use sluice_pipeline::permission::{AddressClass, classify};
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::{bindings::sluice::git::remote::Error, capability::http::reach};

/// Connects to the host of a remote's URL.
pub(super) async fn connect(name: &str, url: &Url, default_port: u16) -> Result<TcpStream, Error> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(default_port);
    let here = is_loopback(url);
    let reached = reach(host, port, &|address| may_dial(address, here)).await;
    reached.map_err(|error| match error {
        wasmtime_wasi_http::Error::DestinationIpProhibited => Error::Unavailable(format!(
            "remote `{name}`: `{host}` has no address that a remote may have: addresses of this machine, of this link and of clouds' own services are not dialled"
        )),
        error => unreachable(name, &error),
    })
}

/// A remote that cannot be reached.
pub(super) fn unreachable(name: &str, why: &dyn Display) -> Error {
    Error::Unavailable(format!("remote `{name}` cannot be reached: {why}"))
}

/// Whether the URL names this machine, whatever a name server says.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that is not a web page's the host stays a text.
        Some(Host::Domain(name)) => {
            name == "localhost"
                || name
                    .parse::<IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn may_dial(address: IpAddr, here: bool) -> bool {
    match classify(address) {
        AddressClass::Public | AddressClass::Private | AddressClass::CarrierGrade => true,
        AddressClass::Loopback => here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_names_this_machine_reaches_it() {
        for (address, there, here) in [
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("10.1.2.3", true, true),
            ("192.0.43.10", true, true),
            ("169.254.169.254", false, false),
            ("fe80::1", false, false),
            ("0.0.0.0", false, false),
            ("::ffff:127.0.0.1", false, false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(may_dial(address, false), there, "{address}");
            assert_eq!(may_dial(address, true), here, "{address}");
        }
        for (url, expected) in [
            ("http://localhost/a", true),
            ("http://127.0.0.1:1/a", true),
            ("ssh://git@127.0.0.1/a", true),
            ("ssh://git@[::1]/a", true),
            ("https://localhost.example/a", false),
            ("https://10.0.0.1/a", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
