//! Addresses of requests that a plan can hold.

use sluice_pipeline::catalog::Known;

use super::address;

#[test]
fn address_is_held_as_a_request_has_it_and_only_with_a_known_origin() {
    let cases = [
        (("https://a.example", true), Some("https://a.example/")),
        (
            ("https://a.example?b=1#c", true),
            Some("https://a.example/?b=1"),
        ),
        (("https://a.example/b#c", true), Some("https://a.example/b")),
        (("https://a.example/b", false), Some("https://a.example/b")),
        (("https://a.exam", false), None),
        (("https://", false), None),
        (("", false), None),
        (("${{ secrets.x }}", true), Some("${{ secrets.x }}")),
        (
            ("${{ secrets.x }}/send", false),
            Some("${{ secrets.x }}/send"),
        ),
    ];
    for ((text, whole), expected) in cases {
        let known = Known {
            text: text.to_owned(),
            whole,
        };
        let expected = expected.map(|text| Known {
            text: text.to_owned(),
            whole,
        });
        assert_eq!(address(known), expected, "{text}");
    }
}
