//! Secrets: where their values come from, what stands for them inside a plugin, and how
//! they are hidden wherever they come back. Values live only here and in the request
//! that carries them.

mod form;
mod mask;
mod placeholder;
mod source;
mod spelling;
mod value;

pub use mask::Mask;
pub use placeholder::{Held, StepSecrets, Underived};
pub use source::{Environment, Sources, Vault};
pub use value::SecretValue;
