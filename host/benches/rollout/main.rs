//! What following a rollout costs, beside `kubectl rollout status` on the same real API server:
//! the time from the cluster showing the end, or the reason, to being told, and the requests
//! made. Then the memory of one process that follows many workloads. Medians, as Markdown.
//!
//! The first two want the control plane that `tests/real/kubernetes/up.sh` starts, by its
//! folder in `SLUICE_TEST_CLUSTER`.

mod cluster;
mod many;
mod told;

fn main() {
    match std::env::var_os("SLUICE_TEST_CLUSTER") {
        Some(folder) => told::tables(&cluster::Cluster::at(folder.into())),
        None => println!("without a control plane in `SLUICE_TEST_CLUSTER`: memory only\n"),
    }
    many::table();
}
