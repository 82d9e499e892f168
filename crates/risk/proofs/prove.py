"""Checks that the table of vectors is the model's and that every lemma is about it, then proves the lemmas with z3.

    python3 crates/risk/proofs/prove.py            check and prove; without z3 only check, and exit with code 3
    python3 crates/risk/proofs/prove.py vectors    write the table

Any z3 does: Debian's package `z3`, or `z3-solver` from PyPI. The variable Z3 names another one.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import time

import model
import terms
import vectors
from lemmas import LEMMAS

TABLE = pathlib.Path(__file__).with_name("vectors.csv")
SECONDS = 120  # a question; all take less than one
NO_Z3 = 3  # the exit code, which `cargo xtask test` knows


def find_z3():
    beside_python = pathlib.Path(sysconfig.get_path("scripts")) / "z3"
    for candidate in (os.environ.get("Z3"), shutil.which("z3"), str(beside_python)):
        if candidate and shutil.which(candidate):
            return candidate
    return None


def called(work):
    """Functions of the model that run."""
    names = set()

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename == model.__file__:
            names.add(frame.f_code.co_name)

    sys.setprofile(note)
    work()
    sys.setprofile(None)
    return names


def check():
    """The table is the model's, and no lemma is about a formula that the table does not run."""
    tables = []
    run = called(lambda: tables.append(vectors.table()))
    complaints = []
    if TABLE.read_text() != tables[0]:
        complaints.append(f"{TABLE.name} is not the model's: run `python3 crates/risk/proofs/prove.py vectors`, then the crate's tests")
    for name, _, _, lemma in LEMMAS:
        terms.start()
        uses = called(lambda: lemma(False))
        if not uses:
            complaints.append(f"{name} calls no function of the model")
        complaints += [f"{name} calls {function}, which the table of vectors.py does not run" for function in sorted(uses - run)]
    print("\n".join(complaints) or f"{TABLE.name} is the model's, and runs whatever the {len(LEMMAS)} lemmas are about")
    return not complaints


def ask(z3, lemma, wrong):
    """unsat: there is no counterexample. sat: there is one."""
    terms.start()
    claim = lemma(wrong)
    question = terms.problem.question(claim)
    run = subprocess.run([z3, "-in", f"-T:{SECONDS}"], input=question, text=True, capture_output=True)
    return f"{run.stdout} {run.stderr}".strip()


def prove(z3):
    failed = 0
    for name, statement, wrong, lemma in LEMMAS:
        started = time.monotonic()
        answers = [ask(z3, lemma, off) for off in (False, True)]
        right = answers == ["unsat", "sat"]
        failed += not right
        seconds = time.monotonic() - started
        print(f"{'proved' if right else 'FAILED':<7} {name:<20} {seconds:5.1f} s  {statement}")
        if answers[0] != "unsat":
            print(f"        z3 says {answers[0]}: the lemma does not hold, or z3 cannot tell")
        if answers[1] != "sat":
            print(f"        z3 says {answers[1]} to the wrong variant ({wrong}): the proof could not have failed")
    print(f"{len(LEMMAS) - failed} of {len(LEMMAS)} lemmas proved, each with a wrong variant refuted")
    return failed == 0


def main():
    if sys.argv[1:] == ["vectors"]:
        TABLE.write_text(vectors.table())
        return
    if not check():
        sys.exit(1)
    z3 = find_z3()
    if z3 is None:
        print("z3 was not found: `apt-get install z3` (Debian) or `pip install z3-solver`, or let the variable Z3 name the program")
        sys.exit(NO_Z3)
    sys.exit(0 if prove(z3) else 1)


if __name__ == "__main__":
    main()
