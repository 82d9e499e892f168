//! Reading LLVM's textual IR, line by line.

use anyhow::{Context as _, Result};
use regex::Regex;

/// A line inside a function.
pub struct Instruction<'a> {
    /// The symbol of the function.
    pub function: &'a str,
    /// The line.
    pub text: &'a str,
}

/// Every line of every function's body.
pub fn instructions(ir: &str) -> impl Iterator<Item = Instruction<'_>> {
    let mut function = None;
    ir.lines().filter_map(move |text| {
        if text.starts_with("define ") {
            function = symbol(text);
            return None;
        }
        if text == "}" {
            function = None;
        }
        Some(Instruction { function: function?, text })
    })
}

/// The symbol that a line defines or declares: the first `@name` or `@"name"` in it.
pub fn symbol(line: &str) -> Option<&str> {
    let (_, name) = line.split_once('@')?;
    match name.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => {
            name.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '$' | '-')).next()
        }
    }
}

/// A symbol as a person would write it.
pub fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// The operation of an instruction that computes with floating-point numbers, if it is one. Moving such a number
/// about, or taking its bits, is no computation, and clearing its sign is a bit operation too.
pub fn float_operation(instruction: &str) -> Option<&str> {
    let code = match instruction.trim_start().split_once(" = ") {
        Some((result, code)) if result.starts_with('%') => code,
        _ => instruction.trim_start(),
    };
    let mut words = code.split_whitespace();
    let operation = words.find(|word| !matches!(*word, "tail" | "musttail" | "notail"))?;
    match operation {
        "fadd" | "fsub" | "fmul" | "fdiv" | "frem" | "fneg" | "fcmp" | "uitofp" | "sitofp" | "fptoui"
        | "fptosi" | "fpext" | "fptrunc" => Some(operation),
        "call" => {
            let callee = symbol(code)?;
            let float = callee.rsplit('.').any(|part| matches!(part, "f16" | "f32" | "f64" | "f128"));
            (callee.starts_with("llvm.") && float && !callee.starts_with("llvm.fabs.")).then_some(callee)
        }
        _ => None,
    }
}

/// The number of an instruction's debug location.
pub fn location(instruction: &str) -> Option<u32> {
    let (_, number) = instruction.rsplit_once("!dbg !")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A regular expression known to be right.
pub fn pattern(text: &str) -> Result<Regex> {
    Regex::new(text).context("in a pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_know_their_function() {
        let ir = "@x = global i8 0\ndefine i64 @\"a b\"(ptr %0) {\n  ret i64 0\n}\ndefine void @_RNv_f$1.x() {\n  ret void\n}";
        let found: Vec<_> = instructions(ir).map(|i| (i.function, i.text)).collect();
        assert_eq!(found, [("a b", "  ret i64 0"), ("_RNv_f$1.x", "  ret void")]);
    }

    #[test]
    fn computing_with_floats_is_told_from_moving_them() {
        for (line, operation) in [
            ("  %1 = fmul double %2, %3, !dbg !4", Some("fmul")),
            ("  %1 = uitofp nneg i64 %2 to double", Some("uitofp")),
            ("  %1 = tail call i64 @llvm.fptoui.sat.i64.f64(double %2)", Some("llvm.fptoui.sat.i64.f64")),
            ("  %1 = call float @llvm.sqrt.f32(float %2)", Some("llvm.sqrt.f32")),
            ("  %1 = tail call double @llvm.fabs.f64(double %0)", None),
            ("  %1 = load double, ptr %2, align 8", None),
            ("  %1 = bitcast double %0 to i64", None),
            ("  %1 = call double @__muldf3(double %2, double %3)", None),
            ("  %1 = call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %2, i64 %3)", None),
        ] {
            assert_eq!(float_operation(line), operation, "{line}");
        }
    }

    #[test]
    fn locations_are_read_from_the_end() {
        assert_eq!(location("  %1 = fmul double %2, %3, !dbg !45, !noundef !6"), Some(45));
        assert_eq!(location("  ret void"), None);
    }
}
