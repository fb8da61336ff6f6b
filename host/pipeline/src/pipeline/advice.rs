//! The lines of YAML that would give a step a capability, filled in from what its `with` says
//! under the usual keys. A guess for the author to read; what is not known stands in `<…>`.

use url::Url;

use super::config::Config;
use super::secret::Secret;
use crate::permission::{
    Capability, ImagePattern, ImageRef, permit_capability, permit_entries, quoted,
};

pub(super) fn lines_that_permit(
    id: &str,
    capability: Capability,
    config: &Config,
    secrets: &[Secret],
) -> String {
    let entries = match capability {
        Capability::KubeApply => vec![kube_entry(config)],
        Capability::Http => hosts(config, secrets),
        Capability::Git | Capability::Fs => Vec::new(),
    };
    if entries.is_empty() {
        permit_capability(id, capability)
    } else {
        permit_entries(id, capability, &entries)
    }
}

fn kube_entry(config: &Config) -> String {
    let value = |keys: &[&str], unknown: &str| {
        let found = keys.iter().find_map(|key| config.literal_start(key));
        found.map_or_else(|| unknown.to_owned(), |text| quoted(&text))
    };
    let containers = match config.keys("images").as_slice() {
        [] => value(&["container"], "<container>"),
        names => names
            .iter()
            .map(|name| quoted(name))
            .collect::<Vec<_>>()
            .join(", "),
    };
    // What comes before an expression may end in the `:` or `@` of a version that is not known.
    let image = config.literal_start("image").and_then(|image| {
        let image = image
            .trim_end_matches([':', '@'])
            .parse::<ImageRef>()
            .ok()?;
        Some(ImagePattern::any_tag_of(&image).to_string())
    });
    format!(
        "{{ kind: {}, namespace: {}, name: {}, containers: [{containers}], images: ['{}'] }}",
        value(&["kind"], "Deployment"),
        value(&["namespace"], "<namespace>"),
        value(&["deployment", "name"], "<name>"),
        image.unwrap_or_else(|| "<repository>:*".to_owned()),
    )
}

/// The hosts of the URLs in `with`, and those of the secrets that it uses.
fn hosts(config: &Config, secrets: &[Secret]) -> Vec<String> {
    let urls = config
        .texts()
        .into_iter()
        .filter_map(|text| Url::parse(text).ok());
    let mut hosts: Vec<String> = urls
        .filter_map(|url| Some(quoted(url.host_str()?)))
        .collect();
    for template in config.templates() {
        for name in template.secrets() {
            let secret = secrets.iter().find(|secret| secret.name == name);
            hosts.extend(
                secret
                    .into_iter()
                    .flat_map(|secret| &secret.hosts)
                    .map(|host| quoted(&host.to_string())),
            );
        }
    }
    hosts.dedup();
    hosts
}
