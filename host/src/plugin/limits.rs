//! How much of the machine one instance may use, and what it asked for in vain.

use sluice_pipeline::policy::{self, Limit, show_size};
use wasmtime::{ResourceLimiter, component::ResourceTableError};

/// The linear memory of all of an instance's modules together, in bytes; a policy may lower
/// what a step gets of it.
pub(super) const MEMORY: usize = policy::Limits::MEMORY;
/// The elements of all of an instance's tables together.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// Core instances of one component: those of Python and JavaScript have many.
pub(super) const INSTANCES: usize = 64;
/// Linear memories of one component.
pub(super) const MEMORIES: usize = 16;
/// Tables of one component.
pub(super) const TABLES: usize = 64;
/// Handles of an instance: what the host holds for it, and what it makes of its own.
pub(super) const HANDLES: usize = 10_000;
/// What one call may hand over to the host, in bytes. A list can name the same text a
/// thousand times: what counts is what the host would hold.
pub(super) const HANDED_OVER: usize = 16 << 20;
/// Random bytes of one call: making more would keep others from their turn.
pub(super) const RANDOM: u64 = 1 << 20;
/// The headers of one request or answer, in bytes with what holds them.
pub(super) const HEADERS: usize = 16 << 10;
/// The size of a component file, in bytes.
pub(super) const COMPONENT: u64 = 64 << 20;

/// Grants memory and tables up to the limits and remembers the first refusal.
pub(super) struct Limits {
    memory: usize,
    elements: usize,
    granted: Limit<usize>,
    /// In words, what the instance asked for in vain.
    pub(super) refused: Option<String>,
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory - current.min(self.memory) + desired;
        if total > self.granted.most {
            self.refuse(format!(
                "used {}, the limit of its memory{}, and asked for more",
                show_size(self.granted.most),
                self.granted.whose()
            ));
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.elements - current.min(self.elements) + desired;
        if total > TABLE_ELEMENTS {
            self.refuse(format!(
                "filled its tables with {TABLE_ELEMENTS} elements, their limit, and asked for more"
            ));
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

impl Limits {
    /// Memory up to that limit.
    pub(super) fn new(memory: Limit<usize>) -> Self {
        Self {
            memory: 0,
            elements: 0,
            granted: memory,
            refused: None,
        }
    }

    fn refuse(&mut self, what: String) {
        self.refused.get_or_insert(what);
    }
}

/// In words, the limit that an error is about, if it is about one. Some are known by nothing
/// but their text, which wasmtime's exact version and a test of each hold still.
pub(super) fn exceeded(error: &wasmtime::Error) -> Option<String> {
    let root = error.root_cause();
    let text = root.to_string();
    let full = matches!(root.downcast_ref(), Some(ResourceTableError::Full));
    if full || text.ends_with("store handle limit exceeded") {
        return Some(format!(
            "held {HANDLES} handles, their limit, and asked for more"
        ));
    }
    if text == "total size of fields exceeds limit" {
        return Some(format!(
            "made headers of more than {} KiB, their limit",
            HEADERS >> 10
        ));
    }
    text.ends_with("fuel allocated for hostcalls has been exhausted")
        .then(|| {
            format!(
                "handed over more than {} MiB in one call, the limit",
                HANDED_OVER >> 20
            )
        })
}
