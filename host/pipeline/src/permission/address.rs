//! What an IP address is for, after IANA's special-purpose registries. Whether it may be
//! dialled is the HTTP rule's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// A host on the internet.
    Public,
    /// A private network (RFC 1918, RFC 4193, deprecated site-local).
    Private,
    /// This machine.
    Loopback,
    /// This link.
    LinkLocal,
    /// A cloud's service for the machine that asks, which gives out credentials.
    Metadata,
    /// Many hosts.
    Multicast,
    /// No host (`0.0.0.0/8`, `::`).
    Unspecified,
    /// A provider's network behind shared addresses (RFC 6598).
    CarrierGrade,
    /// Examples in documents.
    Documentation,
    /// Set aside: protocol assignments, benchmarks, broadcast, what is not yet given out.
    Reserved,
    /// Another address in disguise: mapped, compatible, NAT64, 6to4, Teredo, ISATAP.
    Translated,
}

/// What an address is for.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        // Amazon, Google and most others; Alibaba; Azure's wire server, which lies in a public range.
        [169, 254, 169, 254]
        | [169, 254, 170, 2 | 23]
        | [100, 100, 100, 200]
        | [168, 63, 129, 16] => AddressClass::Metadata,
        [0, ..] => AddressClass::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [127, ..] => AddressClass::Loopback,
        [169, 254, ..] => AddressClass::LinkLocal,
        [100, 64..=127, ..] => AddressClass::CarrierGrade,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Documentation,
        [192, 88, 99, _] => AddressClass::Translated,
        [192, 0, 0, _]
        | [192, 31, 196, _]
        | [192, 52, 193, _]
        | [192, 175, 48, _]
        | [198, 18..=19, ..]
        | [240..=255, ..] => AddressClass::Reserved,
        [224..=239, ..] => AddressClass::Multicast,
        _ => AddressClass::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => AddressClass::Metadata,
        // v4-compatible, v4-mapped and its SIIT form, NAT64 with both prefixes, 6to4, Teredo.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0 | 1, ..]
        | [0x2002, ..] | [0x2001, 0, ..]
        // ISATAP carries a v4 address behind any prefix.
        | [_, _, _, _, 0 | 0x0200, 0x5efe, ..] => AddressClass::Translated,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Documentation,
        [0x2001, 0..=0x01ff, ..] | [0x2620, 0x004f, 0x8000, ..] => AddressClass::Reserved,
        [first, ..] => match first {
            0xfc00..=0xfdff | 0xfec0..=0xfeff => AddressClass::Private,
            0xfe80..=0xfebf => AddressClass::LinkLocal,
            0xff00..=0xffff => AddressClass::Multicast,
            0x2000..=0x3fff => AddressClass::Public,
            // IANA has given out nothing else for unicast.
            _ => AddressClass::Reserved,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressClass, classify};

    #[test]
    fn addresses_are_classified_at_the_edges_of_their_ranges() {
        use AddressClass as Class;
        let cases = [
            ("8.8.8.8", Class::Public),
            ("9.255.255.255", Class::Public),
            ("10.0.0.0", Class::Private),
            ("10.255.255.255", Class::Private),
            ("172.15.255.255", Class::Public),
            ("172.16.0.0", Class::Private),
            ("172.31.255.255", Class::Private),
            ("172.32.0.0", Class::Public),
            ("192.168.1.1", Class::Private),
            ("127.0.0.1", Class::Loopback),
            ("127.255.255.255", Class::Loopback),
            ("0.0.0.0", Class::Unspecified),
            ("0.1.2.3", Class::Unspecified),
            ("169.254.0.1", Class::LinkLocal),
            ("169.254.169.254", Class::Metadata),
            ("100.100.100.200", Class::Metadata),
            ("168.63.129.16", Class::Metadata),
            ("100.63.255.255", Class::Public),
            ("100.64.0.0", Class::CarrierGrade),
            ("100.128.0.0", Class::Public),
            ("192.0.2.1", Class::Documentation),
            ("192.0.0.8", Class::Reserved),
            ("198.18.0.1", Class::Reserved),
            ("224.0.0.1", Class::Multicast),
            ("255.255.255.255", Class::Reserved),
            ("::", Class::Unspecified),
            ("::1", Class::Loopback),
            ("::7f00:1", Class::Translated),
            ("::ffff:8.8.8.8", Class::Translated),
            ("::ffff:0:10.0.0.1", Class::Translated),
            ("64:ff9b::a00:1", Class::Translated),
            ("64:ff9b:1::a00:1", Class::Translated),
            ("2002:a00:1::", Class::Translated),
            ("2001::1", Class::Translated),
            ("2001:db8::1", Class::Documentation),
            ("3fff:fff::1", Class::Documentation),
            ("2001:20::1", Class::Reserved),
            ("2606:4700::1111", Class::Public),
            ("2001:4860:4860::8888", Class::Public),
            ("fd00::1", Class::Private),
            ("fd00:ec2::254", Class::Metadata),
            ("fec0::1", Class::Private),
            ("fe80::1", Class::LinkLocal),
            ("2606:4700::5efe:a00:1", Class::Translated),
            ("ff02::1", Class::Multicast),
            ("100::1", Class::Reserved),
            ("4000::1", Class::Reserved),
        ];
        for (address, expected) in cases {
            assert_eq!(classify(address.parse().unwrap()), expected, "{address}");
        }
    }
}
