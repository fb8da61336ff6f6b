//! Components that no compiler would make, from the text of a core module: a plugin in
//! every respect but the one that a test writes itself.

use std::{fs, path::Path};

use wasm_encoder::{
    Alias, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, InstanceSection, RawSection,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The parts of a plugin, each with a harmless default.
pub(super) struct Handmade<'a> {
    /// What `describe` answers.
    pub(super) description: &'a str,
    /// Packages of WIT, each in braces, beside those of sluice.
    pub(super) packages: &'a str,
    /// What the world imports and exports beside the contract.
    pub(super) world: &'a str,
    /// The core module's imports, which stand before all else.
    pub(super) imports: &'a str,
    /// What is done before `describe` answers.
    pub(super) describe: &'a str,
    /// What is done before `run` answers `{}`. Its context lies at local 0.
    pub(super) run: &'a str,
    /// What is done when memory is asked for; local 4 is the answer.
    pub(super) realloc: &'a str,
    /// The memory's size in pages, at least.
    pub(super) memory: usize,
    /// Further fields of the module.
    pub(super) more: &'a str,
}

/// A description without a word too many.
pub(super) const PLAIN: &str = r#"{"name":"handmade","version":"0.1.0","summary":"by hand","with":{"type":"object","additionalProperties":false},"outputs":{"type":"object","additionalProperties":false},"capabilities":[],"repeatable":true}"#;

/// The contract's interface.
const STEP: &str = "sluice:plugin/step@0.1.0";
/// Where the description lies.
const DESCRIPTION: usize = 4096;
const PAGE: usize = 65536;

impl Default for Handmade<'_> {
    fn default() -> Self {
        Self {
            description: PLAIN,
            packages: "",
            world: "",
            imports: "",
            describe: "",
            run: "",
            realloc: "",
            memory: 0,
            more: "",
        }
    }
}

impl Handmade<'_> {
    /// The core module's text. Below 4096 lie answers, then the description, then what the
    /// host sends.
    fn module(&self) -> String {
        let Self {
            imports,
            describe,
            run,
            realloc,
            memory,
            more,
            ..
        } = self;
        let description = escaped(self.description);
        let length = self.description.len();
        let free = DESCRIPTION + length;
        let memory = (*memory).max(free / PAGE + 2);
        format!(
            r#"(module
  {imports}
  (memory (export "memory") {memory})
  (global $free (mut i32) (i32.const {free}))
  (data (i32.const 64) "{{}}")
  (data (i32.const {DESCRIPTION}) "{description}")
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
    {realloc}
    global.get $free
    i32.const 15
    i32.add
    i32.const -16
    i32.and
    local.tee 4
    local.get 3
    i32.add
    global.set $free
    (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.const 1)))))
    local.get 4)
  (func (export "sluice:plugin/step@0.1.0#describe") (result i32) (local i32 i32)
    {describe}
    (i32.store (i32.const 0) (i32.const {DESCRIPTION}))
    (i32.store (i32.const 4) (i32.const {length}))
    i32.const 0)
  (func (export "sluice:plugin/step@0.1.0#run") (param i32) (result i32) (local i32 i32)
    {run}
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.store (i32.const 8) (i32.const 64))
    (i32.store (i32.const 12) (i32.const 2))
    i32.const 0)
  {more}
)"#
        )
    }

    /// The component, in a file of that name; its path.
    pub(super) fn file(&self, name: &str) -> String {
        file(name, &self.bytes(name))
    }

    /// The component with so many instances of another module beside its own, in a file of
    /// that name; its path.
    pub(super) fn beside(&self, name: &str, module: &str, count: usize) -> String {
        let module = wat::parse_str(module).unwrap_or_else(|error| panic!("{name}: {error}"));
        let inner = self.bytes(name);
        let mut component = wasm_encoder::Component::new();
        for (id, data) in [(MODULE, &module), (COMPONENT, &inner)] {
            component.section(&RawSection { id, data });
        }
        let mut beside = InstanceSection::new();
        for _ in 0..count {
            beside.instantiate::<_, &str>(0, []);
        }
        let mut own = ComponentInstanceSection::new();
        own.instantiate::<_, &str>(0, []);
        let mut alias = ComponentAliasSection::new();
        alias.alias(Alias::InstanceExport {
            instance: 0,
            kind: ComponentExportKind::Instance,
            name: STEP,
        });
        let mut export = ComponentExportSection::new();
        export.export(STEP, ComponentExportKind::Instance, 1, None);
        component
            .section(&beside)
            .section(&own)
            .section(&alias)
            .section(&export);
        file(name, &component.finish())
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let module = self.module();
        let mut module = wat::parse_str(&module).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut resolve = Resolve::default();
        let wit = Path::new("../wit");
        for folder in ["plugin", "kube", "git"] {
            let pushed = resolve.push_dir(wit.join(folder));
            pushed.expect("the contract parses");
        }
        let Self {
            packages, world, ..
        } = self;
        let text = format!(
            "package attack:handmade@0.1.0;
            {packages}
            world component {{
                include sluice:plugin/plugin@0.1.0;
                {world}
            }}"
        );
        let package = resolve.push_str("handmade.wit", &text);
        let package = package.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let world = resolve.select_world(&[package], Some("component"));
        let world = world.expect("the package has that world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("a module takes a section more");
        let encoder = ComponentEncoder::default().module(&module);
        let encoded = encoder.and_then(|mut encoder| encoder.encode());
        encoded.unwrap_or_else(|error| panic!("{name}: {error:#}"))
    }
}

/// Sections of a component, as its binary form numbers them: a core module, a component.
pub(super) const MODULE: u8 = 1;
pub(super) const COMPONENT: u8 = 4;

/// A component of nothing but these sections.
pub(super) fn within(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut component = wasm_encoder::Component::new();
    for (id, data) in sections {
        component.section(&RawSection { id: *id, data });
    }
    component.finish()
}

/// A component from its own text.
pub(super) fn component(name: &str, text: &str) -> String {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    file(name, &bytes)
}

/// Bytes in a file of that name; its path.
pub(super) fn file(name: &str, bytes: &[u8]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("handmade");
    fs::create_dir_all(&folder).expect("the folder of the build is ours");
    let path = folder.join(format!("{name}.wasm"));
    fs::write(&path, bytes).expect("the folder of the build is ours");
    path.display().to_string()
}

/// Bytes as a string of WebAssembly's text has them.
fn escaped(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = write!(escaped, "\\{byte:02x}");
        escaped
    })
}
