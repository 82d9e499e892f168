"""Drops one check of the program after another and sees whether a test notices.

    python3 tests/mutants.py --list
    python3 tests/mutants.py [--only REGEX] [--sample N] [--seed S] [--all-tests] [--out FILE]

A check is a `require…!`, an account's `has_one` or `address`, a call whose name starts with `check_` or `validate`, or an `if` that does
nothing but return an error. Each is dropped from a copy of the committed sources, the copy is built for SBF, and the tests of this
checkout, compiled once, run on that program: first those that name the error of the check, then with `--all-tests` the others. A dropped
check that no test notices is a survivor. The programs of this checkout must be built. Figures: docs/mutants.md.
"""

import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
COPY = TARGET / "mutants/checkout"
# A target folder of its own: what cargo builds of one checkout it takes for another's where both share one.
COPY_TARGET = TARGET / "mutants/target"
TESTS = ["program", "safety", "losses", "governance", "insurance", "proof", "migration"]
# Tests of ten thousand steps: others notice what they would.
SLOW = ["ten_thousand_random_steps", "at_any_prices_a_book_is_scored"]

STATEMENTS = re.compile(r"^[ \t]*(?:require\w*!\(|(?:[\w.]+(?:\(\))?(?:\.|::))*(?:check_|validate)\w*\()", re.M)
ATTRIBUTES = re.compile(r",?[ \t]*(?:has_one = \w+(?: @ BallastError::\w+)?|address = \w+)(?=[,\s)])")
REFUSALS = re.compile(r"^[ \t]*if [^{};]*\{\s*return (?:Err\([^;]*\)|err!\([^;]*\));\s*\}", re.M)

# What the checks refuse that carry no error in the line: those of the risk crate, and whole functions of the program.
CALLS = {
    "validate": ["InvalidParameter"],
    "validate_asset": ["InvalidParameter"],
    "check_reserve_config": ["InvalidParameter"],
    "check_reserve_fits": ["InvalidParameter"],
    "check_winds_down": ["NotWindingDown"],
    "check_may_execute": ["ChangeExpired", "ProposedBeforeWindDown"],
    "check_cancel": ["MayNotCancel"],
    "check_accounts": ["WrongTokenAccount", "WrongMint"],
    "check_identity": ["NotItsIdentity"],
    "check_fund": ["WrongTokenAccount", "WrongMint"],
}


def end_of_statement(text, start):
    """Where the statement that starts here ends: after its `;`, or None for an expression that is a value."""
    depth = 0
    for i in range(start, len(text)):
        depth += text[i] in "([{"
        depth -= text[i] in ")]}"
        if depth < 0:
            return None
        if depth == 0 and text[i] == ";":
            return i + 1
    return None


def mutants():
    """(file, line, what is dropped, the file without it) of every check."""
    for file in sorted((ROOT / "programs/ballast/src").rglob("*.rs")):
        text = file.read_text()
        spans = [match.span() for pattern in (ATTRIBUTES, REFUSALS) for match in pattern.finditer(text)]
        for match in STATEMENTS.finditer(text):
            end = end_of_statement(text, match.start())
            if end:
                spans.append((match.start(), end))
        for start, end in sorted(spans):
            dropped = text[start:end]
            # nothing of a line comment, and the lines stay where they are
            if dropped.lstrip().startswith("//"):
                continue
            rest = text[:start] + "\n" * dropped.count("\n") + text[end:]
            # an attribute that loses its first item keeps no comma, and none without items
            rest = re.sub(r"#\[account\((\s*),[ \t]*", r"#[account(\1", rest).replace("#[account()]", "")
            line = text.count("\n", 0, start + len(dropped) - len(dropped.lstrip())) + 1
            yield file.relative_to(ROOT), line, " ".join(dropped.split()).lstrip(", "), rest


def run(*command, **options):
    return subprocess.run(command, cwd=options.pop("cwd", ROOT), capture_output=True, text=True, **options)


def binaries():
    """The test binaries of this checkout, compiled if need be."""
    command = ["cargo", "test", "--workspace", "--exclude", "ballast-risk", "--no-run", "--message-format=json"]
    for name in TESTS:
        command += ["--test", name]
    built = run(*command)
    found = {}
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] in TESTS:
            found[message["target"]["name"]] = message["executable"]
    if sorted(found) != sorted(TESTS):
        sys.exit(f"the tests do not compile:\n{built.stderr}")
    return found


def build():
    """Builds the copy; whether it compiled."""
    return run("cargo", "xtask", "build-sbf", cwd=COPY, env={**os.environ, "CARGO_TARGET_DIR": str(COPY_TARGET)}).returncode == 0


def first_failure(binary, filters, deploy):
    """The first test that fails on the program in this folder, or None. It does not wait for the others."""
    environment = {**os.environ, "SBF_OUT_DIR": str(deploy), "RUST_LOG": "off", "CARGO_MANIFEST_DIR": str(ROOT / "tests")}
    skipped = [word for slow in SLOW for word in ("--skip", slow)]
    command = [binary, "--test-threads", "2", *skipped, *filters]
    test = subprocess.Popen(command, cwd=ROOT / "tests", env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    failed = None
    for line in test.stdout:
        found = re.match(r"test (\S+)(?: - should panic)? \.\.\. FAILED", line)
        if found:
            failed = found[1]
            test.kill()
            break
    if test.wait() != 0 and failed is None:
        failed = "the whole binary"
    return failed


def naming(words):
    """{binary: modules} of the tests that name one of these words."""
    found = {}
    for name in TESTS:
        alone = ROOT / f"tests/tests/{name}.rs"
        for file in [alone] if alone.is_file() else sorted((ROOT / "tests/tests" / name).glob("*.rs")):
            text = file.read_text()
            if file.name != "main.rs" and any(re.search(rf"\b{word}\b", text) for word in words):
                found.setdefault(name, []).append("" if file == alone else f"{file.stem}::")
    return found


def words_of(file, dropped):
    """What a test of this check would name: its error, or its subject."""
    named = re.findall(r"BallastError::(\w+)", dropped)
    if "check_version" in dropped or "STATE_VERSION" in dropped:
        named.append("WrongStateVersion")
    if "address = INSTRUCTIONS" in dropped:
        named.append("DurableNonce")
    named += [error for call, errors in CALLS.items() if re.search(rf"\b{call}\(", dropped) for error in errors]
    return named or [pathlib.Path(file).stem]


def noticed_by(tests, file, dropped, all_tests):
    """Which test notices: those first that name the check's error, then, if asked, all of them."""
    first = naming(words_of(file, dropped))
    rounds = [(name, first[name]) for name in first]
    if all_tests:
        rounds += [(name, []) for name in TESTS]
    for name, filters in rounds:
        failed = first_failure(tests[name], [f for f in filters if f], COPY / "target/deploy")
        # a test that fails on the program as it is says nothing
        if failed and not first_failure(tests[name], ["--exact", failed], ROOT / "target/deploy"):
            return f"{name}: {failed}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", help="a regular expression on `file:line: check`")
    parser.add_argument("--sample", type=int, help="so many, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all-tests", action="store_true", help="run every test on what the tests that name its error do not notice")
    parser.add_argument("--out", type=pathlib.Path, default=TARGET / "mutants/program.txt", help="what is in it is not done again")
    options = parser.parse_args()
    chosen = [m for m in mutants() if re.search(options.only, f"{m[0]}:{m[1]}: {m[2]}")]
    random.Random(options.seed).shuffle(chosen)
    done = options.out.read_text() if options.out.is_file() else ""
    chosen = [m for m in chosen[: options.sample] if f" {m[0]}:{m[1]}: {m[2]}  [" not in done]
    if options.list:
        for file, line, dropped, _ in chosen:
            print(f"{file}:{line}: {dropped}")
        return print(f"{len(chosen)} checks")

    COPY.parent.mkdir(parents=True, exist_ok=True)
    tests = binaries()
    if not COPY.is_dir():
        run("git", "worktree", "add", "--detach", str(COPY), "HEAD", check=True)
    run("git", "checkout", "--force", "--detach", run("git", "rev-parse", "HEAD").stdout.strip(), cwd=COPY, check=True)
    tally = {"noticed": 0, "survived": 0, "does not compile": 0}
    with options.out.open("a") as out:
        for file, line, dropped, text in chosen:
            started = time.monotonic()
            original = (COPY / file).read_text()
            (COPY / file).write_text(text)
            try:
                compiles = build()
                noticed = noticed_by(tests, file, dropped, options.all_tests) if compiles else None
            finally:
                (COPY / file).write_text(original)
            outcome = "noticed" if noticed else "survived" if compiles else "does not compile"
            tally[outcome] += 1
            report = f"{outcome:<16} {file}:{line}: {dropped}  [{noticed or ''}] {time.monotonic() - started:.0f} s"
            print(report, flush=True)
            print(report, file=out, flush=True)
    print(tally)


if __name__ == "__main__":
    main()
