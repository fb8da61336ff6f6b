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
        if deployment["spec"]["strategy"]["type"] == "Recreate" {
            return Bounds {
                wanted,
                surge: 0,
                unavailable: 0,
            };
        }
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

/// How many pods of a `DaemonSet` may be missing at once: `maxUnavailable`, rounded up.
pub(crate) fn daemons_unavailable(set: &Value, nodes: usize) -> usize {
    let rolling = &set["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"];
    let nodes = i64::try_from(nodes).unwrap_or(i64::MAX);
    let most = match rolling {
        Value::Null => 1,
        given => share(given, nodes, 99),
    };
    usize::try_from(most).map_or(1, |most| most.max(1))
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

    use super::{Bounds, daemons_unavailable};

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

    #[test]
    fn daemons_are_replaced_one_at_a_time_or_as_the_percentage_says() {
        let cases = [
            (json!(null), 4, 1),
            (json!(2), 4, 2),
            (json!("30%"), 4, 2),
            (json!(0), 4, 1),
        ];
        for (given, nodes, most) in cases {
            let set = json!({ "spec": { "updateStrategy": { "rollingUpdate": { "maxUnavailable": given } } } });
            assert_eq!(daemons_unavailable(&set, nodes), most, "{given} of {nodes}");
        }
    }

    #[test]
    fn recreate_allows_neither_surge_nor_fewer_pods() {
        let bounds =
            Bounds::of(&json!({ "spec": { "replicas": 4, "strategy": { "type": "Recreate" } } }));
        assert_eq!((bounds.surge, bounds.unavailable), (0, 0));
    }
}
