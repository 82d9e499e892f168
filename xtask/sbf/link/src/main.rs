//! Turns one BPF object into an SBPF v3 program: `sbf-link OBJECT OUT.so`.

use sbpf_linker::{link_program, OptimizationConfig, ProgramOptions, SbpfArch};

/// The most stack that one function may use, as on chain.
const STACK_FRAME: i32 = 4096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [object, out] = arguments.as_slice() else {
        return Err("usage: sbf-link OBJECT OUT.so".into());
    };
    let options = ProgramOptions::new(OptimizationConfig::default(), SbpfArch::V3, STACK_FRAME);
    let program = link_program(&std::fs::read(object)?, options).map_err(|errors| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    })?;
    std::fs::write(out, program)?;
    Ok(())
}
