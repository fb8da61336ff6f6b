//! The value of a secret in memory. It wipes itself when it is dropped, and has neither
//! `Debug` nor `Display`: whoever wants to see it has to say so.

use zeroize::Zeroizing;

/// The value of a secret.
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// Takes the text over: no other copy of it should be left.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The value, to be sent or compared, not kept.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use super::SecretValue;

    /// A type with the trait has two candidates below, and its use does not compile.
    trait Silent<Which> {
        fn holds() {}
    }
    impl<T> Silent<()> for T {}
    impl<T: Debug> Silent<u8> for T {}
    impl<T: Display> Silent<u16> for T {}
    impl<T: serde::Serialize> Silent<u32> for T {}

    #[test]
    fn a_value_cannot_be_printed_nor_serialized() {
        <SecretValue as Silent<_>>::holds();
    }
}
