"""The table that ties the model to the crate: inputs, and what the model makes of them.

Amounts of every width, the ends of their ranges and what lies next to them. Results that the crate refuses or bounds (beyond its
integers) are left out.
"""

import random

import model
from model import BPS, PPM, Q

U64, U128 = (1 << 64) - 1, (1 << 128) - 1
ROWS = 60  # of each function


def numbers(seed):
    """Drawing functions from one seed."""
    source = random.Random(seed)

    def below(top, least=0):
        """Of every width as often, and at times an end of the range."""
        if source.random() < 0.15:
            return source.choice([least, min(least + 1, top), top, max(top - 1, least)])
        return min(max(source.getrandbits(source.randint(1, max(top.bit_length(), 1))), least), top)

    def index():
        return source.choice([Q, Q + 1, below(1 << 104, Q), Q + below(Q), below(Q, Q >> 20)])

    return below, index


def fits(values, limit):
    return all(0 <= value <= limit for value in values)


def rows(name, draw, limit):
    """Lines of one function: its name, the arguments, the results."""
    function = getattr(model, name)
    below, index = numbers(name)
    lines = 0
    while lines < ROWS:
        arguments = draw(below, index)
        if arguments is None:
            continue
        results = function(*arguments)
        results = results if isinstance(results, tuple) else (results,)
        if fits(results, limit):
            yield ",".join([name, *map(str, arguments), *map(str, results)])
            lines += 1


def wide(below):
    a, b, divisor = below(U128, 1 << 64), below(U128, 1 << 64), below(U128, 1)
    return (a, b, divisor) if U128 < a * b < divisor << 128 else None


def claims(below, index):
    shares, at = below(1 << 60), index()
    return (shares, at, below(1 << 110), below(1 << 110)) if model.worth_down(shares, at) <= U64 else None


def value(below, least=0):
    """An amount and a price: a mantissa of 60 to 63 bits over a power of two."""
    return below(U64, least), *price(below)


def money(below):
    amount, mantissa, scale = value(below)
    return below(1 << 100), mantissa, scale


def interest(below, index):
    fee = below(5_000)
    return below(1 << 62, 1), below(U64, 1), fee, below(5_000 - fee), below(1 << 63, 1), index()


def loss(below, index):
    debt = below(1 << 60)
    return debt, below(1 << 110), below(1 << 110), below(1 << 60, 1), index()


def group(below):
    return (below(1 << 80) // 10_000 * 10_000 if below(9) > 4 else below(1 << 80)), -below(10_000)


def risk(below):
    requirement = below(1 << 120, 2)
    return below(requirement - 1, 1), requirement


def price(below):
    return below((1 << 63) - 1, 1 << 59), 1 << min(below(127, 40), 127)


def part(below):
    return below(1 << 90), below(50_000), *price(below), *price(below)


def whole(below):
    return below(U64, 1), below(50_000), *price(below), *price(below)


def bonus(below):
    debt = below(1 << 100, 1)
    return debt + below(debt // 20 + 1), debt


def fund(below):
    shares = below(1 << 62, 1)
    return below(U64), shares, min(max(shares * below(1 << 10, 1) >> below(9), 1), 1 << 62)


def part_of_fund(below):
    shares = below(U64, 1)
    return below(shares), shares, below(U64)


def leak(below):
    capacity = below(U64)
    return below(capacity) if capacity else 0, capacity, below(1 << 32), below(1 << 32, 1)


def meter(below):
    """Often spent, with and without what came since."""
    used = below(U64)
    return used, min(below(U64, 1), used // 2 + 1), below(120), below(120, 1), below(U64)


def fading(below):
    seconds = 86_400
    return below(U64), below(seconds), seconds


TABLE = [
    ("mul_div_down", lambda n, _: (n(U128), n(U128), n(U128, 1)), U128),
    ("mul_div_up", lambda n, _: (n(U128), n(U128), n(U128, 1)), U128),
    ("mul_div_wide", lambda n, _: wide(n), U128),
    ("mul_q64_down", lambda n, _: (n(U128), n(U128)), U128),
    ("mul_q64_up", lambda n, _: (n(U128), n(U128)), U128),
    ("sqrt_down", lambda n, _: (n(U64),), U64),
    ("shares_down", lambda n, index: (n(U64), index()), U64),
    ("shares_up", lambda n, index: (n(U64), index()), U64),
    ("worth_down", lambda n, index: (n(U64), index()), U64),
    ("owed_up", lambda n, index: (n(U64), index()), U64),
    ("growth_up", lambda n, _: (n(1 << 44), n(1 << 30)), U128),
    ("grow_index_up", lambda n, index: (index(), n(1 << 70)), 1 << 104),
    ("accrue", interest, U128),
    ("claims_up", claims, U128),
    ("utilisation_up", lambda n, _: (n(U64), n(U64, 1)), U64),
    ("absorb", loss, U128),
    ("release", lambda n, _: (n(1 << 60), n(1 << 60, 1 << 42)), U128),
    ("value_down", lambda n, _: value(n), U128),
    ("value_up", lambda n, _: value(n, 1), U128),
    ("amount_down", lambda n, _: money(n), U64),
    ("amount_up", lambda n, _: money(n), U64),
    ("group_requirement", lambda n, _: group(n), U128),
    ("fast_limit", lambda n, _: (64 << n(1),), U128),
    ("net_risk_down", lambda n, _: risk(n), U64),
    ("equity_bonus_down", lambda n, _: bonus(n), U64),
    ("settle_part", lambda n, _: part(n), U64),
    ("settle_whole", lambda n, _: whole(n), U64),
    ("insurance_up", lambda n, _: (n(U64, 1), n(50_000), n(5_000)), U64),
    ("stake", lambda n, _: fund(n), 1 << 62),
    ("stake_worth_down", lambda n, _: part_of_fund(n), U64),
    ("pace_room", lambda n, _: (n(U64), n(U64)), U64),
    ("meter_spend", lambda n, _: meter(n), U64),
    ("leak_used", lambda n, _: leak(n), U64),
    ("blend", lambda n, _: (n(65_535), n(65_535), n(1 << 32)), 65_535),
    ("fade_down", lambda n, _: fading(n), U64),
]


def table():
    """The whole table."""
    return "".join(line + "\n" for name, draw, limit in TABLE for line in rows(name, draw, limit))
