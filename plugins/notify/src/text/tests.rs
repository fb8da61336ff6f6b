use super::{Line, Link, Span, cut_data, fit, utf16};

fn text(data: &str) -> Span {
    Span::Text(data.to_owned())
}

fn markup(markup: &str) -> Span {
    Span::Markup(markup.to_owned())
}

/// Data is twice as long when it is written, as if all of it had to be escaped.
fn fitted(lines: Vec<Line>, room: usize) -> Vec<Line> {
    fit(lines, room, 1, &|span| match span {
        Span::Markup(markup) => markup.len(),
        other => 2 * other.data().chars().count(),
    })
}

#[test]
fn what_fits_is_kept_as_it_is() {
    let lines = vec![vec![text("ab"), markup("*")], vec![], vec![text("c")]];
    assert_eq!(fitted(lines.clone(), 100), lines);
}

#[test]
fn data_is_cut_where_it_is_full_and_the_authors_markup_is_kept() {
    let lines = || {
        vec![
            vec![text("abcd"), markup("<b>"), text("ef"), markup("</b>")],
            vec![text("gone")],
            vec![markup("end")],
        ]
    };
    let short = vec![
        vec![text("a…"), markup("<b>"), markup("</b>")],
        vec![markup("end")],
    ];
    // The markup takes 10 and the ends of its lines 2, which leaves 4: a letter and the sign.
    assert_eq!(fitted(lines(), 16), short);
    assert_eq!(fitted(lines(), 17), short);
}

#[test]
fn nothing_is_kept_of_data_without_room() {
    assert_eq!(fitted(vec![vec![text("abcd")]], 1), Vec::<Line>::new());
    assert_eq!(fitted(vec![vec![text("abcd")]], 0), Vec::<Line>::new());
}

#[test]
fn data_is_cut_between_characters_in_the_unit_of_the_service() {
    let bytes: fn(&str) -> usize = str::len;
    let cases = [
        ("äöü", 5, bytes, "ä…"),
        ("äöü", 6, bytes, "äöü"),
        ("🎉🎉🎉", 5, utf16, "🎉🎉…"),
        ("🎉🎉🎉", 4, utf16, "🎉…"),
        ("a\nb", 9, bytes, "a b"),
    ];
    for (data, room, length, expected) in cases {
        assert_eq!(cut_data(data, room, &length), expected);
    }
}

#[test]
fn only_addresses_of_pages_are_links() {
    let cases = [
        (
            "https://ci.example/runs/7?a=1&b=2",
            Some("https://ci.example/runs/7?a=1&b=2"),
        ),
        ("http://a.example/x_(y)", Some("http://a.example/x_%28y%29")),
        ("https://a.example/*x*", Some("https://a.example/%2Ax%2A")),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://a.example/|x", None),
        ("https://a.example/ x", None),
        ("https://a.example/\u{202e}x", None),
    ];
    for (text, expected) in cases {
        let link = Link::read(text);
        assert_eq!(link.as_ref().map(Link::address), expected, "{text}");
    }
}
