"""Drops one check of the program after another and sees whether a test notices.

    python3 tests/mutants.py --list
    python3 tests/mutants.py [--only REGEX] [--sample N] [--seed S] [--all-tests] [--out FILE]
    python3 tests/mutants.py --together N      # the Nth check of every error, in one build

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
import typing

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

# The program's errors and their codes.
CODES = {error["name"]: error["code"] for error in json.loads((ROOT / "idl/ballast.json").read_text())["errors"]}
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


class Check(typing.NamedTuple):
    """A check: where it stands, and its text."""

    file: pathlib.Path
    start: int
    end: int
    line: int
    text: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.text}"


def checks():
    """Every check of the program."""
    for file in sorted((ROOT / "programs/ballast/src").rglob("*.rs")):
        text = file.read_text()
        spans = [match.span() for pattern in (ATTRIBUTES, REFUSALS) for match in pattern.finditer(text)]
        for match in STATEMENTS.finditer(text):
            end = end_of_statement(text, match.start())
            if end:
                spans.append((match.start(), end))
        for start, end in sorted(spans):
            dropped = text[start:end]
            if not dropped.lstrip().startswith("//"):
                line = text.count("\n", 0, end - len(dropped.lstrip())) + 1
                yield Check(file.relative_to(ROOT), start, end, line, " ".join(dropped.split()).lstrip(", "))


def without(text, dropped):
    """A source without these checks; the other lines stay where they are."""
    for check in sorted(dropped, key=lambda check: -check.start):
        text = text[: check.start] + "\n" * text.count("\n", check.start, check.end) + text[check.end :]
    # an attribute that loses its first item keeps no comma, and none without items
    return re.sub(r"#\[account\((\s*),[ \t]*", r"#[account(\1", text).replace("#[account()]", "")


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


def noticed_by(tests, check, all_tests):
    """Which test notices: those first that name the check's error, then, if asked, all of them."""
    first = naming(words_of(check.file, check.text))
    rounds = [(name, first[name]) for name in first]
    if all_tests:
        rounds += [(name, []) for name in TESTS]
    for name, filters in rounds:
        failed = first_failure(tests[name], [f for f in filters if f], COPY / "target/deploy")
        # a test that fails on the program as it is says nothing
        if failed and not first_failure(tests[name], ["--exact", failed], ROOT / "target/deploy"):
            return f"{name}: {failed}"
    return None


def missed_refusals(tests, errors):
    """Codes of the errors that the tests which name some of them expected of the copy's program and did not get, and how many failed."""
    codes, failures = set(), 0
    environment = {**os.environ, "SBF_OUT_DIR": str(COPY / "target/deploy"), "RUST_LOG": "off", "CARGO_MANIFEST_DIR": str(ROOT / "tests")}
    skipped = [word for slow in SLOW for word in ("--skip", slow)]
    for name, modules in naming(errors).items():
        filters = [module for module in modules if module]
        result = run(tests[name], "--test-threads", "2", *skipped, *filters, cwd=ROOT / "tests", env=environment)
        codes |= {int(code) for code in re.findall(r"expected Reason\(Custom\((\d+)\)\)", result.stdout)}
        failures += len(re.findall(r"^test .* FAILED$", result.stdout, re.M))
    return codes, failures


def together(chosen, which):
    """The `which`th check of every error: so many can be dropped at once, for a test says which error it missed."""
    of_error = {}
    for check in chosen:
        for error in set(words_of(check.file, check.text)) & set(CODES):
            of_error.setdefault(error, []).append(check)
    return {error: checks[which] for error, checks in of_error.items() if which < len(checks)}


def start_copy():
    """The copy, as committed."""
    COPY.parent.mkdir(parents=True, exist_ok=True)
    if not COPY.is_dir():
        run("git", "worktree", "add", "--detach", str(COPY), "HEAD", check=True)
    head = run("git", "rev-parse", "HEAD").stdout.strip()
    run("git", "checkout", "--force", "--detach", head, cwd=COPY, check=True)


def with_dropped(dropped, work):
    """Does some work on the copy without these checks, if that compiles; otherwise None."""
    originals = {check.file: (COPY / check.file).read_text() for check in dropped}
    for file, text in originals.items():
        (COPY / file).write_text(without(text, [check for check in dropped if check.file == file]))
    try:
        return work() if build() else None
    finally:
        for file, text in originals.items():
            (COPY / file).write_text(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", help="a regular expression on `file:line: check`")
    parser.add_argument("--sample", type=int, help="so many, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all-tests", action="store_true", help="run every test on what the tests that name its error do not notice")
    parser.add_argument("--together", type=int, metavar="N", help="drop the Nth check (from 0) of every error at once")
    parser.add_argument("--out", type=pathlib.Path, default=TARGET / "mutants/program.txt", help="what is in it is not done again")
    options = parser.parse_args()
    chosen = [check for check in checks() if re.search(options.only, str(check))]
    if options.together is None:
        random.Random(options.seed).shuffle(chosen)
        done = options.out.read_text() if options.out.is_file() else ""
        chosen = [check for check in chosen[: options.sample] if f" {check}  [" not in done]
    if options.list:
        for check in chosen:
            print(check)
        return print(f"{len(chosen)} checks")

    start_copy()
    tests = binaries()
    with options.out.open("a") as out:

        def report(outcome, check, why):
            line = f"{outcome:<16} {check}  [{why}]"
            print(line, flush=True)
            print(line, file=out, flush=True)

        if options.together is not None:
            dropped = together(chosen, options.together)
            found = with_dropped(list(set(dropped.values())), lambda: missed_refusals(tests, list(dropped)))
            if found is None:
                sys.exit("without all of them the program does not compile: leave some out with --only")
            for error, check in dropped.items():
                report("noticed" if CODES[error] in found[0] else "survived", check, f"{error}, with {len(dropped) - 1} others")
            return print(f"{found[1]} tests failed")
        for check in chosen:
            answer = with_dropped([check], lambda: [noticed_by(tests, check, options.all_tests)])
            outcome = "does not compile" if answer is None else "noticed" if answer[0] else "survived"
            report(outcome, check, answer[0] or "" if answer else "")


if __name__ == "__main__":
    main()
