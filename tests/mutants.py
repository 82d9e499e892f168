"""Drops one check of the program after another and sees whether a test notices.

    python3 tests/mutants.py --list
    python3 tests/mutants.py [--only REGEX] [--sample N] [--seed S] [--out FILE]

A check is a `require…!`, an account's `has_one` or `address`, a call whose name starts with `check_` or `validate`, or an `if` that does
nothing but return an error. Each is dropped from a copy of the committed sources, the copy is built for SBF, and the tests of this
checkout, compiled once, run on that program. A dropped check that no test notices is a survivor. Figures: docs/mutants.md.
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
TESTS = ["program", "safety", "losses", "governance", "insurance", "proof", "migration"]
# What a test binary may take before it counts as hanging, which is noticed.
SECONDS = 1_800

STATEMENTS = re.compile(r"^[ \t]*(?:require\w*!\(|(?:[\w.]+(?:\(\))?(?:\.|::))*(?:check_|validate)\w*\()", re.M)
ATTRIBUTES = re.compile(r",?[ \t]*(?:has_one = \w+(?: @ BallastError::\w+)?|address = \w+)(?=[,\s)])")
REFUSALS = re.compile(r"^[ \t]*if [^{};]*\{\s*return (?:Err\([^;]*\)|err!\([^;]*\));\s*\}", re.M)


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
    return run("cargo", "xtask", "build-sbf", cwd=COPY).returncode == 0


def first_failure(tests, order):
    """The first test that fails on the copy's program, or None."""
    # the programs lie in the copy; the tests run where cargo would run them
    environment = {**os.environ, "SBF_OUT_DIR": str(COPY / "target/deploy"), "RUST_LOG": "off", "CARGO_MANIFEST_DIR": str(ROOT / "tests")}
    for name in order:
        try:
            result = run(tests[name], "-q", "--test-threads", "1", cwd=ROOT / "tests", env=environment, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"{name} hangs"
        if result.returncode != 0:
            failed = re.findall(r"^    (\S+)$", result.stdout, re.M)
            return f"{name}: {failed[0] if failed else 'aborts'}"
    return None


def order_for(file):
    """The tests that are likeliest to notice first."""
    likely = {"governance": "governance", "insurance": "insurance", "fund": "insurance", "claim": "insurance", "stake": "insurance",
              "roll": "insurance", "change": "governance", "tighten": "governance", "absorb": "losses", "audit": "losses", "attest": "losses",
              "cover": "insurance", "breaker": "safety", "guard": "safety", "proof": "losses", "validators": "insurance"}
    first = [test for word, test in likely.items() if word in str(file)][:1]
    return first + [test for test in TESTS if test not in first]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", help="a regular expression on `file:line: check`")
    parser.add_argument("--sample", type=int, help="so many, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=TARGET / "mutants/program.txt")
    options = parser.parse_args()
    chosen = [m for m in mutants() if re.search(options.only, f"{m[0]}:{m[1]}: {m[2]}")]
    random.Random(options.seed).shuffle(chosen)
    chosen = chosen[: options.sample]
    if options.list:
        for file, line, dropped, _ in chosen:
            print(f"{file}:{line}: {dropped}")
        return print(f"{len(chosen)} checks")

    tests = binaries()
    if not COPY.is_dir():
        COPY.parent.mkdir(parents=True, exist_ok=True)
        run("git", "worktree", "add", "--detach", str(COPY), "HEAD", check=True)
    run("git", "checkout", "--force", "--detach", run("git", "rev-parse", "HEAD").stdout.strip(), cwd=COPY, check=True)
    started = time.monotonic()
    failure = first_failure(tests, TESTS) if build() else "it does not compile"
    if failure:
        sys.exit(f"the tests must pass on the program as it is: {failure}")
    print(f"the program as it is passes in {time.monotonic() - started:.0f} s", flush=True)
    tally = {"noticed": 0, "survived": 0, "does not compile": 0}
    with options.out.open("a") as out:
        for file, line, dropped, text in chosen:
            started = time.monotonic()
            original = (COPY / file).read_text()
            (COPY / file).write_text(text)
            try:
                compiles = build()
                noticed = first_failure(tests, order_for(file)) if compiles else None
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
