//! A name server on the loopback of a test's own network, which answers as the test says and
//! remembers what it was asked.

use std::{
    net::{IpAddr, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

/// What it was asked, names in lower case, each once for IPv4 and once for IPv6.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub(super) fn names(&self) -> Vec<String> {
        self.0.lock().expect("no holder panics").clone()
    }
}

/// What it answers.
pub(super) enum Reply {
    /// These addresses, those of the kind that was asked for.
    Addresses(Vec<IpAddr>),
    /// There is no such name.
    Nothing,
    /// Not at all.
    Silence,
}

const IPV4: u16 = 1;
const IPV6: u16 = 28;

/// Answers what `reply` makes of a name and of how often that name was asked for an IPv4
/// address before.
pub(super) fn serve(reply: impl Fn(&str, usize) -> Reply + Send + 'static) -> Asked {
    let socket = UdpSocket::bind("127.0.0.1:53").expect("the network is the test's own");
    let asked = Asked::default();
    let known = asked.clone();
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let Some((name, kind, end)) = question(&buffer[..length]) else {
                continue;
            };
            let before = {
                let mut asked = known.0.lock().expect("no holder panics");
                let before = asked.iter().filter(|asked| **asked == name).count();
                if kind == IPV4 {
                    asked.push(name.clone());
                }
                before - usize::from(kind != IPV4 && before > 0)
            };
            let answer = match reply(&name, before) {
                Reply::Silence => continue,
                Reply::Nothing => answer(&buffer[..end], kind, None),
                Reply::Addresses(addresses) => answer(&buffer[..end], kind, Some(&addresses)),
            };
            let _ = socket.send_to(&answer, from);
        }
    });
    asked
}

/// The name that is asked for, the kind of address, and where the question ends.
fn question(query: &[u8]) -> Option<(String, u16, usize)> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]);
    Some((labels.join("."), kind, at + 4))
}

/// The answer to the question that stands in `asked`; `None` for no such name.
fn answer(asked: &[u8], kind: u16, addresses: Option<&[IpAddr]>) -> Vec<u8> {
    let fitting = addresses.unwrap_or_default().iter();
    let fitting = fitting.filter(|address| address.is_ipv4() == (kind == IPV4));
    let fitting = fitting
        .filter(|_| kind == IPV4 || kind == IPV6)
        .collect::<Vec<_>>();
    let mut answer = asked[..2].to_vec();
    // An answer, recursion available, and whether there is such a name.
    answer.extend([0x81, if addresses.is_some() { 0x80 } else { 0x83 }]);
    answer.extend([0, 1, 0, u8::try_from(fitting.len()).unwrap_or(u8::MAX)]);
    answer.extend([0; 4]);
    answer.extend(&asked[12..]);
    for address in fitting {
        // The name of the question; class internet; not to be kept.
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 0]);
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        answer.extend([0, u8::try_from(bytes.len()).unwrap_or(u8::MAX)]);
        answer.extend(bytes);
    }
    answer
}
