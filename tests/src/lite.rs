//! `litesvm` with the SBF program: for what takes thousands of runs of the same transaction.

use litesvm::LiteSVM;

/// An empty one with the program, the token programs and the runtime's features of mainnet.
pub fn lite() -> LiteSVM {
    let mut svm = LiteSVM::new();
    let deploy = std::env::var("SBF_OUT_DIR").expect("cargo sets where programs are");
    svm.add_program_from_file(ballast::ID, format!("{deploy}/ballast.so"))
        .expect("`cargo xtask build-sbf` has made the program");
    svm
}
