//! What must not be in a program. Checked on the optimized module, so on what is really in it.

use super::{
    debug_info::DebugInfo,
    ir::{float_operation, instructions, location, readable, symbol},
    soften,
};
use anyhow::{bail, ensure, Result};
use std::collections::{BTreeMap, BTreeSet};

/// No computation with floating-point numbers: the machine has none, and amounts of money must not be rounded by them.
/// The builtins that serve Rent are the exception.
pub fn floats(module: &str) -> Result<()> {
    let info = DebugInfo::read(module)?;
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for instruction in instructions(module).filter(|i| !soften::BUILTINS.contains(&i.function)) {
        let Some(operation) = float_operation(instruction.text) else { continue };
        let trace = location(instruction.text).map(|at| info.trace(at)).unwrap_or_default();
        let place = if trace.is_empty() {
            String::new()
        } else {
            format!("\n      at {}", trace.join("\n      in "))
        };
        found.entry(format!("{}{place}", readable(instruction.function))).or_default().insert(operation);
    }
    let list: Vec<String> = found
        .into_iter()
        .map(|(place, operations)| format!("  {} in {place}", Vec::from_iter(operations).join(", ")))
        .collect();
    ensure!(
        list.is_empty(),
        "floating-point arithmetic, which SBF has not and a ledger must not use:\n{}",
        list.join("\n")
    );
    Ok(())
}

/// No writable static: a program's memory is read-only but for its stack, its heap and its accounts.
pub fn writable_statics(module: &str) -> Result<()> {
    let found: Vec<String> = module
        .lines()
        .filter(|line| line.starts_with('@'))
        .filter(|line| {
            line.split_whitespace().take_while(|word| *word != "constant").any(|word| word == "global")
        })
        .filter(|line| !line.contains(" external "))
        .filter_map(symbol)
        .filter(|name| !name.starts_with("llvm."))
        .map(|name| format!("  {}", readable(name)))
        .collect();
    ensure!(
        found.is_empty(),
        "writable statics, which a program cannot have (no `static mut`, no atomics or cells in a static):\n{}",
        found.join("\n")
    );
    Ok(())
}

/// Turns the code generator's words about a stack frame into whose frame it is; any other failure stays as it was.
pub fn code_generation(success: bool, messages: &str) -> Result<()> {
    let mut frames: Vec<String> = messages
        .lines()
        .filter(|line| line.contains("BPF stack limit"))
        .map(|line| {
            let function = line.split("in function ").nth(1).and_then(|rest| rest.split_whitespace().next());
            format!("  {}", function.map_or_else(|| line.to_owned(), readable))
        })
        .collect();
    frames.dedup();
    ensure!(
        frames.is_empty(),
        "functions that use more than 4,096 bytes of stack, the most that one call may have (box what is large, or \
         move parts into functions that are not inlined):\n{}",
        frames.join("\n")
    );
    if !success {
        bail!("LLVM's code generator failed:\n{messages}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_computation_is_named_with_its_place() {
        let module = r#"
define double @__muldf3(double %0, double %1) {
  %3 = fmul double %0, %1
}
define i64 @_RNvCs7jXgqD63oZz_7ballast5price(i64 %0) {
  %2 = uitofp i64 %0 to double, !dbg !2
}
!1 = distinct !DISubprogram(name: "price", linkageName: "_RNvCs7jXgqD63oZz_7ballast5price", file: !3, line: 1)
!2 = !DILocation(line: 7, column: 1, scope: !1)
!3 = !DIFile(filename: "programs/ballast/src/lib.rs", directory: "")
"#;
        let message = floats(module).unwrap_err().to_string();
        assert!(
            message.ends_with("  uitofp in ballast::price\n      at programs/ballast/src/lib.rs:7"),
            "{message}"
        );
        assert!(floats(&module.replace("uitofp i64 %0 to double", "load double, ptr %0")).is_ok());
    }

    #[test]
    fn a_writable_static_is_named() {
        let module = "@_RNvCs7jXgqD63oZz_7ballast5COUNT = internal global i64 0, align 8\n\
                      @alloc_1 = private unnamed_addr constant [6 x i8] c\"global\"\n\
                      @outside = external global i8\n\
                      @llvm.compiler.used = appending global [1 x ptr] [ptr @x]";
        let message = writable_statics(module).unwrap_err().to_string();
        assert!(message.ends_with(":\n  ballast::COUNT"), "{message}");
    }
}
