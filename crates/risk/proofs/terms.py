"""Integer formulas that are either computed or handed to an SMT solver.

A model function is written once, over `floor`, `ceil`, `choose` and ordinary operators. Called with numbers it computes; called
with terms it collects what the solver has to know. So what is proved and what the table of vectors compares with the crate are
the same lines.
"""


class Term:
    """An integer or truth value in SMT-LIB's prefix notation."""

    def __init__(self, text):
        self.text = text

    def __add__(self, other): return apply("+", self, other)
    def __radd__(self, other): return apply("+", other, self)
    def __sub__(self, other): return apply("-", self, other)
    def __rsub__(self, other): return apply("-", other, self)
    def __mul__(self, other): return apply("*", self, other)
    def __rmul__(self, other): return apply("*", other, self)
    def __neg__(self): return apply("-", 0, self)
    def __le__(self, other): return apply("<=", self, other)
    def __lt__(self, other): return apply("<", self, other)
    def __ge__(self, other): return apply(">=", self, other)
    def __gt__(self, other): return apply(">", self, other)
    def __eq__(self, other): return apply("=", self, other)
    def __ne__(self, other): return apply("distinct", self, other)
    def __bool__(self): raise TypeError("a term has no value: use `choose`, `both` or `either`")
    __hash__ = None


class Problem:
    """What the solver is asked: variables, and what holds of them."""

    def __init__(self):
        self.names, self.facts = [], []

    def question(self, claim):
        """SMT-LIB that is satisfiable exactly if the claim can fail."""
        lines = ["(set-option :print-success false)"]
        lines += [f"(declare-const {name} Int)" for name in self.names]
        lines += [f"(assert {fact})" for fact in self.facts]
        lines += [f"(assert (not {text(claim)}))", "(check-sat)"]
        return "\n".join(lines)


problem = Problem()


def start():
    """Forgets the last lemma's variables."""
    problem.__init__()


def text(value):
    if isinstance(value, Term):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value >= 0 else f"(- {-value})"


def apply(operator, *values):
    return Term(f"({operator} {' '.join(map(text, values))})")


def variable(name):
    name = f"{name}_{len(problem.names)}"
    problem.names.append(name)
    return Term(name)


def assume(*facts):
    problem.facts += [text(fact) for fact in facts]


def number(name, least=0, below=None):
    """Any whole number from `least`, below `below`."""
    one = variable(name)
    assume(one >= least)
    if below is not None:
        assume(one < below)
    return one


def symbolic(*values):
    return any(isinstance(value, Term) for value in values)


def floor(dividend, divisor):
    """Quotient rounded down. The divisor is positive."""
    if not symbolic(dividend, divisor):
        return dividend // divisor
    quotient = variable("down")
    assume(quotient * divisor <= dividend, dividend < quotient * divisor + divisor)
    return quotient


def ceil(dividend, divisor):
    """Quotient rounded up. The divisor is positive."""
    if not symbolic(dividend, divisor):
        return -(-dividend // divisor)
    quotient = variable("up")
    assume(quotient * divisor >= dividend, dividend > quotient * divisor - divisor)
    return quotient


def choose(condition, yes, no):
    if not symbolic(condition):
        return yes if condition else no
    return apply("ite", condition, yes, no)


def both(*conditions):
    if not symbolic(*conditions):
        return all(conditions)
    return apply("and", *conditions)


def either(*conditions):
    if not symbolic(*conditions):
        return any(conditions)
    return apply("or", *conditions)


def implies(condition, conclusion):
    return apply("=>", condition, conclusion)


def smaller(a, b):
    return choose(a <= b, a, b)


def larger(a, b):
    return choose(a >= b, a, b)
