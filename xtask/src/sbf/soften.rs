//! Floating point in software, for the one place that needs it.
//!
//! `Rent::minimum_balance` multiplies by a floating-point threshold. LLVM's BPF backend refuses such instructions, so
//! they become calls to compiler builtins here: those that were written in `Rent`, and no others. The program's own
//! code has to do without, and [`super::checks::floats`] sees to that.

use super::{
    debug_info::DebugInfo,
    ir::{self, float_operation, pattern, readable},
};
use anyhow::Result;

/// The builtins that take over. Kept in the module by name.
pub const BUILTINS: [&str; 3] = ["__floatundidf", "__muldf3", "__fixunsdfdi"];

/// Replaces Rent's conversions and products.
pub fn rent(module: &str) -> Result<String> {
    let info = DebugInfo::read(module)?;
    let convert = pattern(r"= uitofp (?:nneg )?i64 (\S+) to double")?;
    let multiply = pattern(r"= fmul (?:[a-z]+ )*double (\S+), ([^\s,]+)")?;
    let mut out = String::with_capacity(module.len());
    for line in module.lines() {
        if float_operation(line).is_some() && is_rents(line, &info) {
            let line = convert.replace(line, "= call double @__floatundidf(i64 $1)");
            let line = multiply.replace(&line, "= call double @__muldf3(double $1, double $2)");
            out += &line.replace("@llvm.fptoui.sat.i64.f64(double", "@__fixunsdfdi(double");
        } else {
            out += line;
        }
        out.push('\n');
    }
    Ok(out)
}

fn is_rents(line: &str, info: &DebugInfo) -> bool {
    ir::location(line)
        .and_then(|location| info.written_in(location))
        .is_some_and(|function| readable(function).starts_with("<solana_rent::Rent>::"))
}

#[cfg(test)]
mod tests {
    use super::rent;

    const METADATA: &str = r#"
!1 = distinct !DISubprogram(name: "minimum_balance", linkageName: "_RNvMs_Cs7jXgqD63oZz_11solana_rentNtB4_4Rent15minimum_balance", line: 1)
!2 = distinct !DISubprogram(name: "price", linkageName: "_RNvCs7jXgqD63oZz_7ballast5price", line: 1)
!3 = !DILocation(line: 136, column: 10, scope: !1, inlinedAt: !4)
!4 = !DILocation(line: 7, column: 1, scope: !2)
"#;

    #[test]
    fn only_rents_own_instructions_are_replaced() {
        let body = |location: u32| {
            format!(
                "define i64 @f() {{\n  %1 = uitofp nneg i64 %0 to double, !dbg !{location}\n  \
                 %2 = fmul double %9, %1, !dbg !{location}\n  \
                 %3 = tail call i64 @llvm.fptoui.sat.i64.f64(double %2), !dbg !{location}\n}}\n{METADATA}"
            )
        };
        let softened = rent(&body(3)).unwrap();
        for call in [
            "%1 = call double @__floatundidf(i64 %0), !dbg !3",
            "%2 = call double @__muldf3(double %9, double %1), !dbg !3",
            "%3 = tail call i64 @__fixunsdfdi(double %2), !dbg !3",
        ] {
            assert!(softened.contains(call), "{softened}");
        }
        assert_eq!(rent(&body(4)).unwrap(), body(4));
    }
}
