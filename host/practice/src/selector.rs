//! Label and field selectors of list and watch requests.

use serde_json::Value;

use crate::kind::Kind;
use crate::object::text;
use crate::status::Status;

/// Which objects of a collection a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<(String, Wanted)>,
    fields: Vec<(String, Wanted)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    In(Vec<String>),
    /// Also true where the label is missing.
    NotIn(Vec<String>),
    Present,
    Missing,
}

impl Selector {
    pub(crate) fn parse(kind: Kind, labels: &str, fields: &str) -> Result<Selector, Status> {
        let labels = requirements(labels)
            .into_iter()
            .map(label)
            .collect::<Result<_, _>>()?;
        let fields = requirements(fields)
            .into_iter()
            .map(|text| field(kind, text))
            .collect::<Result<_, _>>()?;
        Ok(Selector { labels, fields })
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| {
            object["metadata"]["labels"]
                .get(key)
                .and_then(Value::as_str)
        };
        self.labels
            .iter()
            .all(|(key, wanted)| wanted.holds(label(key)))
            && self.fields.iter().all(|(path, wanted)| {
                wanted.holds(Some(text(object, &format!("/{}", path.replace('.', "/")))))
            })
    }
}

impl Wanted {
    fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Wanted::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Wanted::NotIn(values) => {
                value.is_none_or(|value| values.iter().all(|one| one != value))
            }
            Wanted::Present => value.is_some(),
            Wanted::Missing => value.is_none(),
        }
    }
}

/// Splits at the commas that are not within the parentheses of a set.
fn requirements(selector: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let split = selector.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    split
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .collect()
}

fn comparison(text: &str) -> Option<(String, Wanted)> {
    if let Some((key, value)) = text.split_once("!=") {
        return Some((
            key.trim().to_owned(),
            Wanted::NotIn(vec![value.trim().to_owned()]),
        ));
    }
    let (key, value) = text.split_once("==").or_else(|| text.split_once('='))?;
    Some((
        key.trim().to_owned(),
        Wanted::In(vec![value.trim().to_owned()]),
    ))
}

fn label(text: &str) -> Result<(String, Wanted), Status> {
    let malformed = || Status::bad_request(format!("unable to parse requirement: {text}"));
    if let Some((head, set)) = text.split_once('(') {
        let values = set.strip_suffix(')').ok_or_else(malformed)?;
        let values = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        return match head.split_whitespace().collect::<Vec<_>>()[..] {
            [key, "in"] => Ok((key.to_owned(), Wanted::In(values))),
            [key, "notin"] => Ok((key.to_owned(), Wanted::NotIn(values))),
            _ => Err(malformed()),
        };
    }
    let (key, wanted) = comparison(text).unwrap_or_else(|| match text.strip_prefix('!') {
        Some(key) => (key.trim().to_owned(), Wanted::Missing),
        None => (text.to_owned(), Wanted::Present),
    });
    if key.is_empty() || key.contains(char::is_whitespace) {
        Err(malformed())
    } else {
        Ok((key, wanted))
    }
}

fn field(kind: Kind, text: &str) -> Result<(String, Wanted), Status> {
    let (path, wanted) = comparison(text).ok_or_else(|| {
        Status::bad_request(format!(
            "invalid field selector: {text}; can't understand it"
        ))
    })?;
    let own: &[&str] = match kind {
        Kind::Pod => &["spec.nodeName", "status.phase"],
        Kind::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "reason",
            "type",
        ],
        _ => &[],
    };
    if ["metadata.name", "metadata.namespace"].contains(&path.as_str())
        || own.contains(&path.as_str())
    {
        return Ok((path, wanted));
    }
    let known = "\"metadata.name\", \"metadata.namespace\"";
    Err(Status::bad_request(format!(
        "\"{path}\" is not a known field selector: only {known}"
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Selector;
    use crate::kind::Kind;

    #[test]
    fn label_selectors_choose_as_the_api_does() {
        let object =
            json!({ "metadata": { "name": "web", "labels": { "app": "web", "tier": "front" } } });
        let cases = [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (web, api),tier", true),
            ("app notin (web)", false),
            ("!app", false),
            ("!other,other!=x", true),
            ("other", false),
        ];
        for (labels, expected) in cases {
            let selector = Selector::parse(Kind::Pod, labels, "metadata.name=web").expect(labels);
            assert_eq!(selector.matches(&object), expected, "{labels}");
        }
    }

    #[test]
    fn unknown_field_is_refused() {
        let refused =
            Selector::parse(Kind::Deployment, "", "spec.x=web").expect_err("no such field");
        assert_eq!(
            refused.body(),
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "BadRequest", "code": 400,
                "message": "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
            })
        );
    }
}
