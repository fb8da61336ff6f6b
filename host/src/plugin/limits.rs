//! How much of the machine one instance may use, and what it asked for in vain.

use sluice_pipeline::policy::{self, Limit, show_size};
use wasmtime::ResourceLimiter;

/// The linear memory of all of an instance's modules together, in bytes; a policy may lower
/// what a step gets of it.
pub(super) const MEMORY: usize = policy::Limits::MEMORY;
/// The elements of one table.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// Core instances of one component: those of Python and JavaScript have many.
pub(super) const INSTANCES: usize = 64;
/// Linear memories of one component.
pub(super) const MEMORIES: usize = 16;
/// Tables of one component.
pub(super) const TABLES: usize = 64;
/// Entries of an instance's resource table.
pub(super) const HANDLES: usize = 10_000;
/// The size of a component file, in bytes.
pub(super) const COMPONENT: u64 = 64 << 20;

/// Grants memory and tables up to the limits and remembers the first refusal.
pub(super) struct Limits {
    memory: usize,
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
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS {
            self.refuse(format!(
                "asked for a table of more than {TABLE_ELEMENTS} elements"
            ));
            return Ok(false);
        }
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
            granted: memory,
            refused: None,
        }
    }

    fn refuse(&mut self, what: String) {
        self.refused.get_or_insert(what);
    }
}
