//! Building SBF programs.
//!
//! [`agave`] drives Solana's own `cargo-build-sbf`. The rest is the other way, from compilers that package registries
//! carry: [`compile`] has upstream rustc make one LLVM bitcode module of a program and all that it uses, and [`link`]
//! makes the program file of it, with [`soften`], [`signed`] and [`shims`] for what LLVM's BPF backend lacks and [`checks`] for
//! what must not be in a program. See xtask/sbf/README.md.

pub mod agave;
pub mod checks;
pub mod compile;
pub mod debug_info;
pub mod ir;
pub mod link;
pub mod record;
pub mod shims;
pub mod signed;
pub mod soften;
