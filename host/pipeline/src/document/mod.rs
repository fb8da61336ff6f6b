//! Text becomes a tree with the place of each key and value.
//!
//! The tree is untyped: what a scalar means is decided by the field that holds it.

mod reader;
mod scalar;

use crate::diagnostic::{Problems, Source, Span};

pub use scalar::Scalar;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 64;

/// A YAML file as a tree.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) root: Node,
    pub(crate) problems: Problems,
}

impl Document {
    /// Reads one YAML 1.2 document.
    ///
    /// `Err` only where there is no tree at all: a syntax error, or a text that is too large
    /// or nested too deeply. Problems that leave a tree (duplicate keys, tags, anchors) are
    /// kept and reported with those that later stages find.
    pub fn read(source: &Source) -> Result<Document, Problems> {
        reader::read(&source.text)
    }

    /// The outermost value.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// What was found wrong while reading; the pipeline that is read of this document
    /// reports it too.
    pub fn problems(&self) -> &Problems {
        &self.problems
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// A scalar's text, a flow collection from its first bracket to its last, the first
    /// key or item of a block collection.
    pub span: Span,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Content {
    /// A text, a number or the like.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file; no key occurs twice.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// The key's place.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a map.
    pub fn map(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry with this key, if it is a map that has one.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.map()?.iter().find(|entry| entry.key == key)
    }

    /// Whether it is nothing: a key without a value, `~` or `null`.
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar(scalar) if scalar.is_null() => "nothing",
            Content::Scalar(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}
