//! Problems as text for people. Whatever the source holds is shown harmlessly: control
//! characters appear as symbols.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::{Elsewhere, Problem, Problems, Severity, Source, Span};

pub(super) fn render(problems: &Problems, source: &Source, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .decor_style(DecorStyle::Ascii)
    // The width of the reader's terminal is not known here, and a cut excerpt is of no use in a log.
    .term_width(200);
    let name = normalize_untrusted_str(&source.name);
    let mut text = String::new();
    for problem in problems {
        if !text.is_empty() {
            text.push('\n');
        }
        let mut groups = Vec::new();
        let mut last = group(problem, source, &name);
        if let Some(elsewhere) = &problem.elsewhere {
            groups.push(std::mem::replace(&mut last, other_place(elsewhere)));
        }
        // The way out stands last, after both places.
        if let Some(help) = &problem.help {
            last = last.element(Level::HELP.message(harmless(help)));
        }
        groups.push(last);
        let block = renderer.render(&groups);
        text.extend(block.chars().map(visible));
        text.push('\n');
    }
    text
}

fn group<'a>(problem: &'a Problem, source: &'a Source, name: &'a str) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&problem.message)));
    if let Some(span) = problem.span {
        let mut annotation = AnnotationKind::Primary.span(first_line(span, &source.text));
        if let Some(label) = &problem.label {
            annotation = annotation.label(one_line(label));
        }
        let mut snippet = Snippet::source(&source.text)
            .path(name)
            .annotation(annotation);
        if let Some((span, label)) = problem.related.as_deref() {
            let context = AnnotationKind::Context.span(first_line(*span, &source.text));
            snippet = snippet.annotation(context.label(one_line(label)));
        }
        group = group.element(snippet);
    } else if let Some(label) = &problem.label {
        group = group.element(Level::NOTE.message(one_line(label)));
    }
    group
}

fn other_place(elsewhere: &Elsewhere) -> Group<'_> {
    let Elsewhere { source, span, .. } = elsewhere;
    let annotation = AnnotationKind::Primary
        .span(first_line(*span, &source.text))
        .label(one_line(&elsewhere.label));
    let snippet = Snippet::source(&source.text)
        .path(normalize_untrusted_str(&source.name))
        .annotation(annotation);
    Group::with_title(Level::NOTE.secondary_title(one_line(&elsewhere.title))).element(snippet)
}

/// What the renderer leaves as it is although terminals may act on it: the second set of
/// control characters, in which U+009B begins an escape sequence, and marks of direction.
fn visible(character: char) -> char {
    match character {
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

/// A message or label, which cannot pretend to be several.
fn one_line(text: &str) -> String {
    harmless(&text.replace('\n', "␊"))
}

/// Control characters as symbols; lines stay lines, for help that shows YAML.
fn harmless(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(normalize_untrusted_str).collect();
    lines.join("\n")
}

/// A caret under several lines explains nothing: the first of them is marked.
fn first_line(span: Span, text: &str) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.min(text.len()));
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end.clamp(start, line_end)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Problem, Problems, Source, Span};

    fn source() -> Source {
        Source::new("p.yaml", "name: a\nsteps:\n  x: \u{1b}[31mr\u{9b}ed\n")
    }

    #[test]
    fn problems_are_shown_in_the_order_of_their_places_and_once() {
        let mut problems = Problems::new();
        problems.push(Problem::error("second").at(Span::new(8, 13)));
        problems.push(Problem::error("first").at(Span::new(0, 4)).help("do this"));
        problems.push(Problem::error("second").at(Span::new(8, 13)));
        assert_eq!(
            problems.render(&source(), false),
            "error: first
 --> p.yaml:1:1
  |
1 | name: a
  | ^^^^
  |
  = help: do this

error: second
 --> p.yaml:2:1
  |
2 | steps:
  | ^^^^^
"
        );
    }

    #[test]
    fn control_characters_are_shown_harmlessly() {
        let problem = Problem::error("a \u{1b}[0m in it")
            .at(Span::new(20, 27))
            .label("\u{202e}here\u{7}".to_owned());
        let text = Problems::from(problem).render(&source(), false);
        assert!(
            !text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']),
            "{text:?}"
        );
    }

    #[test]
    fn a_problem_without_a_place_has_no_excerpt() {
        let problem = Problem::error("input `a` is missing").help("give it with `--input a=…`");
        assert_eq!(
            Problems::from(problem).render(&source(), false),
            "error: input `a` is missing\n |\n = help: give it with `--input a=…`\n"
        );
    }
}
