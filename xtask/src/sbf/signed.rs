//! Signed division by unsigned division.
//!
//! The BPF instructions that LLVM generates have no signed division, and its backend stops at one. 128 bits are a
//! library call; the shorter widths become unsigned divisions of magnitudes here, inlined by the optimizer.

use super::ir::pattern;
use anyhow::Result;
use std::collections::BTreeSet;

/// Replaces every signed quotient and remainder of up to 64 bits.
pub fn division(module: &str) -> Result<String> {
    let operation = pattern(r"= (sdiv|srem) (?:exact )?(i8|i16|i32|i64) (\S+), ([^\s,]+)")?;
    let mut used = BTreeSet::new();
    let mut out = String::with_capacity(module.len());
    for line in module.lines() {
        match operation.captures(line) {
            Some(parts) => {
                used.insert((parts[1].to_owned(), parts[2].to_owned()));
                out += &operation.replace(line, "= call $2 @signed.$1.$2($2 $3, $2 $4)");
            }
            None => out += line,
        }
        out.push('\n');
    }
    for (name, width) in used {
        out += &definition(&name, &width);
    }
    Ok(out)
}

/// A quotient is negative where the signs differ; a remainder has the dividend's sign.
fn definition(name: &str, width: &str) -> String {
    let (unsigned, negative) = if name == "sdiv" {
        ("udiv", "xor i1 %a.negative, %b.negative")
    } else {
        ("urem", "and i1 %a.negative, true")
    };
    format!(
        "
define internal {width} @signed.{name}.{width}({width} %a, {width} %b) alwaysinline {{
  %a.negative = icmp slt {width} %a, 0
  %a.opposite = sub {width} 0, %a
  %a.size = select i1 %a.negative, {width} %a.opposite, {width} %a
  %b.negative = icmp slt {width} %b, 0
  %b.opposite = sub {width} 0, %b
  %b.size = select i1 %b.negative, {width} %b.opposite, {width} %b
  %size = {unsigned} {width} %a.size, %b.size
  %negative = {negative}
  %opposite = sub {width} 0, %size
  %result = select i1 %negative, {width} %opposite, {width} %size
  ret {width} %result
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::division;

    #[test]
    fn quotients_and_remainders_are_replaced_and_defined_once() {
        let module =
            "define i64 @f(i64 %0) {\n  %1 = sdiv exact i64 %0, 10000, !dbg !7\n  %2 = sdiv i64 %1, %0\n  \
                      %3 = srem i32 %2, -3\n  %4 = udiv i64 %1, 3\n  %5 = sdiv i128 %4, %4\n}\n";
        let out = division(module).unwrap();
        assert!(out.contains("%1 = call i64 @signed.sdiv.i64(i64 %0, i64 10000), !dbg !7\n"), "{out}");
        assert!(out.contains("%2 = call i64 @signed.sdiv.i64(i64 %1, i64 %0)\n"));
        assert!(out.contains("%3 = call i32 @signed.srem.i32(i32 %2, i32 -3)\n"));
        assert!(out.contains("  %4 = udiv i64 %1, 3\n  %5 = sdiv i128 %4, %4\n"), "left as they were");
        assert_eq!(out.matches("define internal").count(), 2);
    }
}
