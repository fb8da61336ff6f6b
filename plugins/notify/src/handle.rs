//! The handle of a message that was posted, by which a later step of the run can update
//! it: the service's name and the ids that it gave. Holds no secret. What a service or a
//! step hands over ends up in addresses, so only letters, digits, `-`, `_` and `.` pass.

/// The handle as an output. Empty where the service gave no ids, or odd ones.
pub(crate) fn write(service: &str, ids: &[String]) -> String {
    if ids.is_empty() || !ids.iter().all(|id| is_plain(id)) {
        return String::new();
    }
    format!("{service}:{}", ids.join(":"))
}

/// The ids of a handle that this service gave, `count` of them. The error is a sentence
/// for the pipeline's author.
pub(crate) fn read(service: &str, count: usize, handle: &str) -> Result<Vec<String>, String> {
    let way_out = "write the id of a step that told the same service";
    let Some((name, ids)) = handle.split_once(':') else {
        return Err(format!("`update` is no handle of a message; {way_out}"));
    };
    if name != service {
        return Err(format!(
            "`update` is a message of another service than `{service}`; {way_out}"
        ));
    }
    let ids: Vec<String> = ids.split(':').map(str::to_owned).collect();
    if ids.len() != count || !ids.iter().all(|id| is_plain(id)) {
        return Err(format!("`update` is no handle of `{service}`; {way_out}"));
    }
    Ok(ids)
}

fn is_plain(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // Dots alone would climb up the address that they are put into.
    (1..=100).contains(&id.len()) && id.chars().all(plain) && !id.chars().all(|c| c == '.')
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn a_handle_is_read_as_it_was_written() {
        let handle = write("slack", &ids(&["C024BE91L", "1503435956.000247"]));
        assert_eq!(handle, "slack:C024BE91L:1503435956.000247");
        assert_eq!(
            read("slack", 2, &handle),
            Ok(ids(&["C024BE91L", "1503435956.000247"]))
        );
    }

    #[test]
    fn ids_that_could_lead_elsewhere_give_no_handle() {
        for odd in ["", "..", "a/b", "a?b", "a:b", "ä"] {
            assert_eq!(write("discord", &ids(&[odd])), "", "{odd}");
        }
        assert_eq!(write("discord", &[]), "");
    }

    #[test]
    fn what_is_no_handle_of_the_service_is_refused() {
        let way_out = "write the id of a step that told the same service";
        let cases = [
            (
                "hello",
                format!("`update` is no handle of a message; {way_out}"),
            ),
            (
                "slack:C1:1.2",
                format!("`update` is a message of another service than `discord`; {way_out}"),
            ),
            (
                "discord:../1",
                format!("`update` is no handle of `discord`; {way_out}"),
            ),
            (
                "discord:1:2",
                format!("`update` is no handle of `discord`; {way_out}"),
            ),
        ];
        for (handle, expected) in cases {
            assert_eq!(read("discord", 1, handle), Err(expected), "{handle}");
        }
    }
}
