//! 128-bit builtins with the signature that LLVM calls them by.
//!
//! LLVM's BPF backend turns a 128-bit product, quotient or remainder into a call that passes and returns it in
//! registers. rustc compiles the builtins of those names to return through a pointer, and some to take pointers too.
//! Left so, the first such operation reads from a small address and the program dies. So each builtin gets another
//! name, and a shim takes its own.

use super::ir::{pattern, symbol};
use anyhow::{ensure, Result};

/// The builtins that LLVM may call. Kept in the module by name.
pub const BUILTINS: [&str; 5] = ["__multi3", "__udivti3", "__umodti3", "__divti3", "__modti3"];

/// Puts a shim before every builtin that the module defines with another signature.
pub fn wide(module: &str) -> Result<String> {
    let mut out = module.to_owned();
    for builtin in BUILTINS {
        let Some(definition) =
            out.lines().find(|line| line.starts_with("define ") && symbol(line) == Some(builtin))
        else {
            continue;
        };
        let parameters = parameters(definition);
        let inner = format!("{builtin}_through_pointer");
        let result = "ptr sret([16 x i8]) align 16 %result";
        let call = match parameters.as_slice() {
            [first, "i128", "i128"] if *first == "ptr" => {
                format!("  call void @{inner}({result}, i128 %a, i128 %b)\n")
            }
            ["ptr", "ptr", "ptr"] => format!(
                "  %pa = alloca i128, align 16\n  %pb = alloca i128, align 16\n  \
                 store i128 %a, ptr %pa, align 16\n  store i128 %b, ptr %pb, align 16\n  \
                 call void @{inner}({result}, ptr %pa, ptr %pb)\n"
            ),
            ["i128", "i128"] => continue,
            other => {
                ensure!(false, "{builtin} has a signature that no shim is known for: {other:?}");
                continue;
            }
        };
        out = pattern(&format!(r"@{builtin}\b"))?.replace_all(&out, format!("@{inner}")).into_owned();
        out += &format!(
            "\ndefine i128 @{builtin}(i128 %a, i128 %b) noinline {{\n  %result = alloca i128, align 16\n{call}  \
             %value = load i128, ptr %result, align 16\n  ret i128 %value\n}}\n"
        );
    }
    Ok(out)
}

/// The types of a definition's parameters, without their attributes.
fn parameters(definition: &str) -> Vec<&str> {
    let Some((_, rest)) = definition.split_once('@').and_then(|(_, rest)| rest.split_once('(')) else {
        return Vec::new();
    };
    let mut depth = 0_i32;
    let mut start = 0;
    let mut types = Vec::new();
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                types.extend(rest[start..at].split_whitespace().next());
                break;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                types.extend(rest[start..at].split_whitespace().next());
                start = at + 1;
            }
            _ => {}
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::wide;

    #[test]
    fn a_builtin_is_renamed_and_wrapped_by_its_signature() {
        let module =
            "define hidden void @__multi3(ptr sret([16 x i8]) initializes((0, 16)) %0, i128 noundef %1, \
                      i128 noundef %2) unnamed_addr {\n  ret void\n}\n\
                      define weak void @__divti3(ptr sret([16 x i8]) %0, ptr align 16 %1, ptr %2) {\n  \
                      call void @__multi3()\n}\n\
                      define i128 @__modti3(i128 %0, i128 %1) {\n}\n";
        let out = wide(module).unwrap();
        assert!(out.contains("define hidden void @__multi3_through_pointer(ptr sret"), "{out}");
        assert!(out.contains("  call void @__multi3_through_pointer()\n"), "{out}");
        assert!(out.contains(
            "call void @__multi3_through_pointer(ptr sret([16 x i8]) align 16 %result, i128 %a, i128 %b)"
        ));
        assert!(out.contains(
            "call void @__divti3_through_pointer(ptr sret([16 x i8]) align 16 %result, ptr %pa, ptr %pb)"
        ));
        assert!(!out.contains("__modti3_through_pointer"));
        assert!(wide("define void @__multi3(i64 %0, i64 %1) {\n}\n").is_err());
    }
}
