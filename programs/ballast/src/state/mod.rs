//! Accounts of the program. Layouts are fixed: each struct's size, alignment and offsets are asserted beside it.

pub mod books;
pub mod change;
pub mod insurance;
pub mod obligation;
pub mod parameters;
pub mod price;
pub mod proof;
pub mod reserve;
pub mod safety;
pub mod vault;
pub mod version_1;

pub use books::Books;
pub use change::{Change, ChangeClass, OracleConfig, ProposedChange, Timelock};
pub use insurance::*;
pub use obligation::{Obligation, Position, Side};
pub use parameters::*;
pub use price::{PriceState, Quote, Source};
pub use proof::{Attestation, Audit};
pub use reserve::Reserve;
pub use safety::*;
pub use vault::Vault;

/// Fails to compile when a layout moves: size, alignment, and the offset of each named field.
#[macro_export]
macro_rules! assert_layout {
    ($name:ty, size $size:expr, align $align:expr $(, $field:ident at $offset:expr)* $(,)?) => {
        const _: () = {
            assert!(core::mem::size_of::<$name>() == $size);
            assert!(core::mem::align_of::<$name>() == $align);
            $(assert!(core::mem::offset_of!($name, $field) == $offset);)*
        };
    };
}
