"""Proves the rounding lemmas with z3, and checks that the table of vectors is the model's.

    python3 crates/risk/proofs/prove.py            prove, and check the table
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

import terms
import vectors
from lemmas import LEMMAS

TABLE = pathlib.Path(__file__).with_name("vectors.csv")
SECONDS = 120  # a question; all but one take less than one


def find_z3():
    beside_python = pathlib.Path(sysconfig.get_path("scripts")) / "z3"
    for candidate in (os.environ.get("Z3"), shutil.which("z3"), str(beside_python)):
        if candidate and shutil.which(candidate):
            return candidate
    sys.exit("z3 was not found: `apt-get install z3` (Debian) or `pip install z3-solver`, or let the variable Z3 name the program")


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
    proved = prove(find_z3())
    same = TABLE.read_text() == vectors.table()
    if not same:
        print(f"{TABLE.name} is not the model's: run `python3 crates/risk/proofs/prove.py vectors`, then the crate's tests")
    sys.exit(0 if proved and same else 1)


if __name__ == "__main__":
    main()
