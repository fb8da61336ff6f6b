//! Whether a name can be that of a ref, by the rules of git-check-ref-format(1): what
//! `with` makes of names ends here before it is sent anywhere.

/// What is wrong with a full name (`refs/tags/v1.2.3`), if anything.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let wrong = if name.contains(odd) {
        "has a space, a control character or one of `~^:?*[\\` in it"
    } else if name.contains("..") || name.contains("@{") {
        "has `..` or `@{` in it"
    } else if name.ends_with('.') {
        "ends with a dot"
    } else {
        match name.split('/').find_map(wrong_part) {
            Some(wrong) => wrong,
            None => return Ok(()),
        }
    };
    Err(format!("`{name}` cannot be the name of a ref: it {wrong}"))
}

fn wrong_part(part: &str) -> Option<&'static str> {
    // git itself refuses a hyphen only at the beginning of a tag; no tool takes it well.
    let wrong = [
        (part.is_empty(), "has an empty part between slashes"),
        (part.starts_with('.'), "has a part that begins with a dot"),
        (
            part.starts_with('-'),
            "has a part that begins with a hyphen",
        ),
        (
            part.strip_suffix(".lock").is_some(),
            "has a part that ends with `.lock`",
        ),
    ];
    wrong.into_iter().find_map(|(is, why)| is.then_some(why))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_that_try_to_be_something_else_are_refused() {
        for name in [
            "refs/tags/v1.2.3",
            "refs/tags/web/v1.0.0-rc.1+x",
            "refs/heads/a@b",
        ] {
            assert_eq!(check(name), Ok(()));
        }
        let refused = [
            "refs/tags/--force1.0.0",
            "refs/tags/../heads/main1.0.0",
            "refs/tags//etc/1.0.0",
            "refs/tags/.hidden",
            "refs/tags/v1.0.0-x.lock",
            "refs/tags/v1.0.0.",
            "refs/tags/v 1.0.0",
            "refs/tags/v\n1.0.0",
            "refs/tags/v:1.0.0",
            "refs/tags/v*1.0.0",
            "refs/tags/v@{1}",
            "refs/heads/",
        ];
        for name in refused {
            let why = check(name).expect_err(name);
            assert!(why.starts_with(&format!("`{name}` cannot be the name of a ref: it ")));
        }
    }
}
