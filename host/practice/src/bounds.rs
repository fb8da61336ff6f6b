//! How far a rolling update may go at once: `maxSurge` and `maxUnavailable` in pods.

use serde_json::{Value, json};

/// The wanted pods, and how many more or fewer there may be while a rollout goes on.
pub(crate) struct Bounds {
    pub(crate) wanted: i64,
    pub(crate) surge: i64,
    pub(crate) unavailable: i64,
}

impl Bounds {
    pub(crate) fn of(deployment: &Value) -> Bounds {
        let wanted = deployment
            .pointer("/spec/replicas")
            .and_then(Value::as_i64)
            .unwrap_or(1);
        let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
        let surge = share(&rolling["maxSurge"], wanted, 99);
        let unavailable = share(&rolling["maxUnavailable"], wanted, 0);
        // With neither, nothing could ever move.
        let unavailable = if surge == 0 && unavailable == 0 {
            1
        } else {
            unavailable.min(wanted)
        };
        Bounds {
            wanted,
            surge,
            unavailable,
        }
    }
}

/// A number or a percentage of the wanted pods; `round` is what is added before the division.
fn share(value: &Value, wanted: i64, round: i64) -> i64 {
    match value {
        Value::String(percent) => {
            let percent: i64 = percent.trim_end_matches('%').parse().unwrap_or(25);
            (wanted * percent + round) / 100
        }
        value => value
            .as_i64()
            .unwrap_or_else(|| share(&json!("25%"), wanted, round)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Bounds;

    #[test]
    fn surge_rounds_up_and_unavailable_rounds_down() {
        let cases = [(1, 1, 0), (2, 1, 0), (4, 1, 1), (5, 2, 1), (10, 3, 2)];
        for (wanted, surge, unavailable) in cases {
            let bounds = Bounds::of(&json!({ "spec": {
                "replicas": wanted,
                "strategy": { "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
            } }));
            assert_eq!(
                (bounds.surge, bounds.unavailable),
                (surge, unavailable),
                "{wanted} replicas"
            );
        }
    }
}
