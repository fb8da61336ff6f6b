//! Counting, without a repository.

use super::{Command, Options, next};
use crate::change::Change::{self, Breaking, Feature, Fix, Nothing};
use crate::version::Version;

fn answer(current: &str, change: Change, options: &Options) -> String {
    let current = Version::read(current).expect("a version");
    match next(&current, change, options) {
        Ok(next) => format!("{} {}", next.version, next.bump.word()),
        Err(wrong) => wrong,
    }
}

#[test]
fn next_follows_the_weightiest_change() {
    let cases = [
        ("1.2.3", Nothing, "1.2.3 none"),
        ("1.2.3", Fix, "1.2.4 patch"),
        ("1.2.3", Feature, "1.3.0 minor"),
        ("1.2.3", Breaking, "2.0.0 major"),
        ("0.2.3", Breaking, "1.0.0 major"),
        ("1.0.0-rc.1", Nothing, "1.0.0 none"),
        ("1.0.0-rc.1", Fix, "1.0.0 patch"),
        ("1.1.0-rc.1+5", Fix, "1.1.0 patch"),
        ("1.1.0-rc.1", Feature, "1.2.0 minor"),
    ];
    for (current, change, expected) in cases {
        assert_eq!(
            answer(current, change, &Options::default()),
            expected,
            "{current}"
        );
    }
}

#[test]
fn options_are_put_on_the_result() {
    let base = Options::default();
    let with = |prerelease: &str, metadata: &str| Options {
        prerelease: prerelease.to_owned(),
        metadata: metadata.to_owned(),
        ..Options::default()
    };
    let v0 = Options {
        keep_v0: true,
        ..base.clone()
    };
    let always = Options {
        always: true,
        ..base.clone()
    };
    let command = |command| Options {
        command,
        ..Options::default()
    };
    let cases = [
        ("0.2.3", Breaking, &v0, "0.3.0 minor"),
        ("1.2.3", Breaking, &v0, "2.0.0 major"),
        ("1.2.3", Nothing, &always, "1.2.4 patch"),
        ("1.2.3-rc.1", Fix, &always, "1.2.4 patch"),
        ("1.0.0-rc.1", Nothing, &with("rc", ""), "1.0.0-rc none"),
        (
            "1.0.0",
            Feature,
            &with("alpha.2", "10"),
            "1.1.0-alpha.2+10 minor",
        ),
        ("1.0.0", Fix, &command(Command::Major), "2.0.0 major"),
        ("1.0.0", Breaking, &command(Command::Minor), "1.1.0 minor"),
        (
            "1.0.0-rc.1",
            Nothing,
            &command(Command::Patch),
            "1.0.0 patch",
        ),
        (
            "1.0.0-rc.1+5",
            Breaking,
            &command(Command::Current),
            "1.0.0-rc.1+5 none",
        ),
        (
            "1.0.0",
            Fix,
            &with("+a", ""),
            "`with.prerelease`: `+a` is not letters, digits and hyphens with dots between them",
        ),
        (
            "1.0.0",
            Fix,
            &with("01", ""),
            "`with.prerelease`: `01` in the prerelease `01` begins with 0",
        ),
        (
            "1.0.0",
            Fix,
            &with("", "a b"),
            "`with.metadata`: `a b` is not letters, digits and hyphens with dots between them",
        ),
    ];
    for (current, change, options, expected) in cases {
        assert_eq!(
            answer(current, change, options),
            expected,
            "{current} {options:?}"
        );
    }
}

#[test]
fn prereleases_are_counted_up() {
    let cases = [
        ("1.0.0-rc.1", Nothing, "", "1.0.0-rc.2 none"),
        ("1.0.0-rc.9", Fix, "rc", "1.0.0-rc.10 patch"),
        ("1.0.0-rc.1", Feature, "rc", "1.1.0-rc.0 minor"),
        ("1.0.0-alpha.4", Fix, "beta", "1.0.0-beta.0 patch"),
        ("1.0.0-rc", Fix, "rc", "1.0.0-rc.0 patch"),
        ("1.0.0-rc.x", Fix, "", "1.0.0-rc.1 patch"),
        ("1.0.0-rc.a.3", Fix, "", "1.0.0-3.0 patch"),
        (
            "1.0.0-alpha123.1",
            Fix,
            "alpha123",
            "1.0.0-alpha123.2 patch",
        ),
        ("1.2.3", Feature, "rc", "1.3.0-rc.0 minor"),
        ("1.2.3", Nothing, "rc", "1.2.4-rc.0 patch"),
        ("0.0.0", Nothing, "rc", "0.0.1-rc.0 patch"),
        ("1.2.3-alpha.1", Fix, "alpha.33", "1.2.3-alpha.33 patch"),
        ("1.2.3", Feature, "alpha.33", "1.2.3-alpha.33 minor"),
        (
            "1.0.0-rc.9223372036854775807",
            Fix,
            "",
            "no number comes after 1.0.0-rc.9223372036854775807",
        ),
        (
            "1.0.0-rc.9223372036854775808",
            Fix,
            "",
            "no number comes after 1.0.0-rc.9223372036854775808",
        ),
        (
            "1.2.3",
            Feature,
            "",
            "no prerelease comes after 1.2.3, which is none: name one, as in `prerelease: rc`",
        ),
    ];
    for (current, change, name, expected) in cases {
        let options = Options {
            command: Command::Prerelease,
            prerelease: name.to_owned(),
            ..Options::default()
        };
        assert_eq!(
            answer(current, change, &options),
            expected,
            "{current} {name}"
        );
    }
}
