//! The patterns that choose among tags: `*` for any text (slashes too), `?` for one
//! character, `[abc]`, `[a-z]` and `[!a]` for one of several, `{one,other}`, and `\` before
//! what is meant as it is. Matching takes no longer than the product of both lengths.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// A pattern over whole names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Character(char),
    AnyText,
    AnyCharacter,
    OneOf { characters: Class, not: bool },
    Either(Vec<Vec<Part>>),
}

#[derive(Clone, Debug, PartialEq)]
enum Class {
    List(Vec<char>),
    Range(char, char),
}

/// How deep `{` may stand within `{`.
const DEPTH: usize = 16;

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut characters = text.chars().peekable();
        read_parts(&mut characters, 0).map(Self)
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let ends = ends(&self.0, &name, BTreeSet::from([0]));
        ends.contains(&name.len())
    }
}

/// Up to the end, and within braces up to what ends an alternative, which is left.
fn read_parts(characters: &mut Peekable<Chars<'_>>, depth: usize) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    while let Some(&next) = characters.peek() {
        if depth > 0 && matches!(next, ',' | '}') {
            break;
        }
        characters.next();
        parts.push(match next {
            '*' => Part::AnyText,
            '?' => Part::AnyCharacter,
            '[' => read_class(characters)?,
            '{' if depth == DEPTH => {
                return Err(format!("it has more than {DEPTH} `{{` within each other"));
            }
            '{' => Part::Either(read_alternatives(characters, depth + 1)?),
            '\\' => match characters.next() {
                Some(escaped) => Part::Character(escaped),
                None => break,
            },
            _ => Part::Character(next),
        });
    }
    Ok(parts)
}

fn read_alternatives(
    characters: &mut Peekable<Chars<'_>>,
    depth: usize,
) -> Result<Vec<Vec<Part>>, String> {
    let mut alternatives = Vec::new();
    loop {
        alternatives.push(read_parts(characters, depth)?);
        match characters.next() {
            Some(',') => {}
            Some(_) => return Ok(alternatives),
            None => return Err("a `{` has no `}`".to_owned()),
        }
    }
}

fn read_class(characters: &mut Peekable<Chars<'_>>) -> Result<Part, String> {
    let unfinished = || "a `[` has no `]`".to_owned();
    let not = characters.next_if_eq(&'!').is_some();
    let first = characters.next().ok_or_else(unfinished)?;
    let characters = if characters.next_if_eq(&'-').is_some() {
        let last = characters.next().ok_or_else(unfinished)?;
        if characters.next() != Some(']') {
            return Err(format!("`[{first}-{last}` is not followed by `]`"));
        }
        if last < first {
            return Err(format!("`[{first}-{last}]` ends before it begins"));
        }
        Class::Range(first, last)
    } else {
        let mut list = Vec::new();
        let mut next = first;
        while next != ']' {
            if next == '\\' {
                next = characters.next().ok_or_else(unfinished)?;
            }
            list.push(next);
            next = characters.next().ok_or_else(unfinished)?;
        }
        if list.is_empty() {
            return Err("`[]` stands for nothing".to_owned());
        }
        Class::List(list)
    };
    Ok(Part::OneOf { characters, not })
}

/// Where a match of all parts can end that begins at one of the starts.
fn ends(parts: &[Part], name: &[char], starts: BTreeSet<usize>) -> BTreeSet<usize> {
    parts.iter().fold(starts, |starts, part| match part {
        Part::AnyText => match starts.first() {
            Some(&first) => (first..=name.len()).collect(),
            None => starts,
        },
        Part::Either(alternatives) => alternatives
            .iter()
            .flat_map(|parts| ends(parts, name, starts.clone()))
            .collect(),
        part => starts
            .into_iter()
            .filter(|&at| name.get(at).is_some_and(|&c| is_one(part, c)))
            .map(|at| at + 1)
            .collect(),
    })
}

fn is_one(part: &Part, character: char) -> bool {
    match part {
        Part::Character(own) => *own == character,
        Part::AnyCharacter => true,
        Part::OneOf { characters, not } => {
            let within = match characters {
                Class::List(list) => list.contains(&character),
                Class::Range(first, last) => (*first..=*last).contains(&character),
            };
            within != *not
        }
        Part::AnyText | Part::Either(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("v*", "v1.2.3", true),
            ("v*", "web/v1.2.3", false),
            ("*", "web/v1", true),
            ("web/*", "web/a/b", true),
            ("v?.0", "v1.0", true),
            ("v?.0", "v10.0", false),
            ("v[12].0", "v2.0", true),
            ("v[!12].0", "v2.0", false),
            ("v[0-9]", "v7", true),
            ("{web,api}/v*", "api/v1", true),
            ("{web,api}/v*", "app/v1", false),
            ("v{1,2{.0,.1}}", "v2.1", true),
            ("v{1,}", "v", true),
            (r"v\*", "v*", true),
            (r"v\*", "v1", false),
            (r"[\]]", "]", true),
            ("a,b}", "a,b}", true),
            ("", "", true),
            ("", "v1", false),
            ("v**", "v1/2", true),
        ];
        for (pattern, name, expected) in cases {
            let read = Pattern::read(pattern).expect("a pattern");
            assert_eq!(read.matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_reason() {
        let cases = [
            ("[", "a `[` has no `]`"),
            ("[ab", "a `[` has no `]`"),
            ("[]", "`[]` stands for nothing"),
            ("[!]", "`[]` stands for nothing"),
            ("[a-c9]", "`[a-c` is not followed by `]`"),
            ("[z-a]", "`[z-a]` ends before it begins"),
            ("{a,b", "a `{` has no `}`"),
            (&"{".repeat(17), "it has more than 16 `{` within each other"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(
                Pattern::read(pattern),
                Err(expected.to_owned()),
                "{pattern}"
            );
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern = Pattern::read(&"{*a,*}".repeat(50)).expect("a pattern");
        assert!(
            !Pattern::read(&"*a".repeat(50))
                .expect("a pattern")
                .matches(&"a".repeat(49))
        );
        assert!(pattern.matches(&"a".repeat(200)));
    }
}
