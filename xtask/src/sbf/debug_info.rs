//! Where an instruction comes from. Inlining moves instructions between functions; the line tables still know.

use super::ir::pattern;
use anyhow::Result;
use std::collections::HashMap;

/// The line tables of a module.
#[derive(Default)]
pub struct DebugInfo {
    locations: HashMap<u32, Location>,
    scopes: HashMap<u32, Scope>,
    files: HashMap<u32, String>,
}

struct Location {
    line: u32,
    scope: u32,
    inlined_at: Option<u32>,
}

struct Scope {
    /// The symbol of a function; a block has none and lies in another scope.
    function: Option<String>,
    parent: Option<u32>,
    file: Option<u32>,
}

impl DebugInfo {
    /// Reads a module's metadata.
    pub fn read(ir: &str) -> Result<Self> {
        let node = pattern(r"^!(\d+) = (?:distinct )?!(DI\w+)\((.*)\)$")?;
        let mut info = Self::default();
        for line in ir.lines().filter(|line| line.starts_with('!')) {
            let Some(parts) = node.captures(line) else { continue };
            let (Ok(id), kind, fields) = (parts[1].parse(), &parts[2], &parts[3]) else { continue };
            let reference =
                |key| value(fields, key).and_then(|text| text.trim_start_matches('!').parse().ok());
            match kind {
                "DILocation" => {
                    let line = value(fields, "line").and_then(|text| text.parse().ok()).unwrap_or(0);
                    let Some(scope) = reference("scope") else { continue };
                    info.locations.insert(id, Location { line, scope, inlined_at: reference("inlinedAt") });
                }
                "DISubprogram" => {
                    let name =
                        value(fields, "linkageName").or_else(|| value(fields, "name")).map(str::to_owned);
                    info.scopes.insert(id, Scope { function: name, parent: None, file: reference("file") });
                }
                "DILexicalBlock" | "DILexicalBlockFile" => {
                    let scope = Scope { function: None, parent: reference("scope"), file: reference("file") };
                    info.scopes.insert(id, scope);
                }
                "DIFile" => {
                    let file = value(fields, "filename").unwrap_or_default();
                    let folder = value(fields, "directory").unwrap_or_default();
                    let full = if file.starts_with('/') || folder.is_empty() {
                        file.to_owned()
                    } else {
                        format!("{folder}/{file}")
                    };
                    info.files.insert(id, full);
                }
                _ => {}
            }
        }
        Ok(info)
    }

    /// The symbol of the function that an instruction was written in, whichever function it was inlined into.
    pub fn written_in(&self, location: u32) -> Option<&str> {
        let mut scope = self.scopes.get(&self.locations.get(&location)?.scope)?;
        while scope.function.is_none() {
            scope = self.scopes.get(&scope.parent?)?;
        }
        scope.function.as_deref()
    }

    /// `file:line` of an instruction, and of every call that it was inlined through, innermost first.
    pub fn trace(&self, location: u32) -> Vec<String> {
        let mut places = Vec::new();
        let mut next = self.locations.get(&location);
        while let Some(location) = next {
            let file = self.scopes.get(&location.scope).and_then(|scope| self.files.get(&scope.file?));
            places.push(format!("{}:{}", file.map_or("?", String::as_str), location.line));
            next = location.inlined_at.and_then(|outer| self.locations.get(&outer));
        }
        places
    }
}

/// A field of a metadata node, without the quotes of a text.
fn value<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let start = fields.match_indices(key).find(|(at, _)| {
        (*at == 0 || fields[..*at].ends_with(", ")) && fields[at + key.len()..].starts_with(": ")
    })?;
    let rest = &fields[start.0 + key.len() + 2..];
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(',').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::DebugInfo;

    const IR: &str = r#"
!1 = !DIFile(filename: "src/lib.rs", directory: "/cargo/solana-rent-3.1.0", checksumkind: CSK_MD5)
!2 = distinct !DISubprogram(name: "minimum_balance", linkageName: "_RNv_rent", scope: !9, file: !1, line: 134)
!3 = distinct !DILexicalBlock(scope: !2, file: !1, line: 135, column: 9)
!4 = !DILocation(line: 136, column: 10, scope: !3, inlinedAt: !6)
!5 = distinct !DISubprogram(name: "create", linkageName: "_RNv_create", scope: !9, file: !7, line: 1)
!6 = distinct !DILocation(line: 20, column: 1, scope: !5)
!7 = !DIFile(filename: "programs/ballast/src/lib.rs", directory: "")
"#;

    #[test]
    fn an_inlined_instruction_belongs_to_the_function_it_was_written_in() {
        let info = DebugInfo::read(IR).unwrap();
        assert_eq!(info.written_in(4), Some("_RNv_rent"));
        assert_eq!(
            info.trace(4),
            ["/cargo/solana-rent-3.1.0/src/lib.rs:136", "programs/ballast/src/lib.rs:20"]
        );
        assert_eq!(info.written_in(99), None);
    }
}
