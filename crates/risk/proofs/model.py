"""The crate's rounding formulas over whole numbers of any size.

Where the crate's integers end it refuses or saturates; within their range each function here is the crate's of the same name, which
`crates/risk/tests/lemmas/vectors.rs` checks on the table that `prove.py` writes.
"""

from terms import both, ceil, choose, either, floor, larger, smaller

Q = 1 << 64  # 1 with 64 fractional bits
BPS = 10_000
PPM = 1_000_000


# math
def mul_div_down(a, b, divisor): return floor(a * b, divisor)
def mul_div_up(a, b, divisor): return ceil(a * b, divisor)
def mul_q64_down(a, b): return floor(a * b, Q)
def mul_q64_up(a, b): return ceil(a * b, Q)


def wide_product(a1b1, a1b0, a0b1, a0b0, half):
    """(high, low) of a product from the products of its halves, and the sums on the way, which must not wrap."""
    middle = a1b0 + floor(a0b0, half)
    middle_high = floor(middle, half)
    middle2 = a0b1 + (middle - middle_high * half)
    middle2_high = floor(middle2, half)
    high = a1b1 + middle_high + middle2_high
    low = (middle2 - middle2_high * half) * half + (a0b0 - floor(a0b0, half) * half)
    return high, low, [middle, middle2, high]


def divide_step(remainder, bit, divisor, carry_counts=True):
    """One bit of the long division in 128 bits: (remainder, quotient bit)."""
    word = 1 << 128
    shifted = 2 * remainder + bit
    carry = shifted >= word
    kept = choose(carry, shifted - word, shifted)
    fits = either(carry, kept >= divisor) if carry_counts else kept >= divisor
    wrapped = choose(kept >= divisor, kept - divisor, kept - divisor + word)
    return choose(fits, wrapped, kept), choose(fits, 1, 0)


def mul_div_wide(a, b, divisor):
    """(quotient, remainder) of a product beyond 128 bits, by halves and bit by bit; numbers only, and the quotient fits 128 bits."""
    (a1, a0), (b1, b0) = divmod(a, Q), divmod(b, Q)
    remainder, low, _ = wide_product(a1 * b1, a1 * b0, a0 * b1, a0 * b0, Q)
    quotient = 0
    for bit in range(127, -1, -1):
        remainder, one = divide_step(remainder, low >> bit & 1, divisor)
        quotient = 2 * quotient + one
    return quotient, remainder


def sqrt_step(n, guess): return floor(guess + floor(n, guess), 2)


def sqrt_down(n):
    """By Newton's steps from above; a number only."""
    if n < 2:
        return n
    guess = 1 << (n.bit_length() + 1 >> 1)
    while (after := sqrt_step(n, guess)) < guess:
        guess = after
    return guess


# shares of a ledger
def shares_down(amount, index): return floor(amount * Q, index)
def shares_up(amount, index): return ceil(amount * Q, index)
def worth_down(shares, index): return floor(shares * index, Q)
def owed_up(shares, index): return ceil(shares * index, Q)


# interest
def compose_up(a, b): return a + b + ceil(a * b, Q)
def grow_index_up(index, growth): return index + ceil(index * growth, Q)


def growth_up(rate, seconds):
    """By squaring; `seconds` is a number."""
    result, square = 0, rate
    while seconds > 0:
        if seconds & 1:
            result = compose_up(result, square)
        seconds >>= 1
        if seconds:
            square = compose_up(square, square)
    return result


def split_interest(interest, fee_bps, insurance_bps, shares, most):
    """(fee, insurance, rise of the deposit index), all with 64 fractional bits; insurance while its fund is being filled, and with
    what a rise of at most `most` leaves."""
    scaled = interest * Q
    part = floor(scaled, BPS)
    fee, insurance = part * fee_bps, part * insurance_bps
    even = floor(scaled - fee - insurance, shares)
    rise = smaller(even, most)
    return fee, insurance + (even - rise) * shares, rise


def most_rise_down(index, interest, debt): return floor(index * interest, debt)


def accrue(debt, rate, fee_bps, insurance_bps, shares, index):
    """`split_interest` of a second of a debt at index 1; numbers only."""
    interest = owed_up(debt, Q + rate) - debt
    bounded = worth_down(shares, index) < debt
    most = most_rise_down(index, interest, debt) if bounded else interest * Q
    return split_interest(interest, fee_bps, insurance_bps, shares, most)


def claims_up(shares, index, fees_q64, insurance_q64): return worth_down(shares, index) + ceil(fees_q64 + insurance_q64, Q)
def utilisation_up(free, debt): return ceil(debt * BPS, free + debt)


# losses and recoveries
def absorb(loss, insurance_q64, fees_q64, shares, index):
    """(from insurance, from fees, fall of the deposit index) of a loss in whole units; insurance and fees with 64 fractional bits."""
    scaled = loss * Q
    insurance = smaller(scaled, insurance_q64)
    fees = smaller(scaled - insurance, fees_q64)
    rest = scaled - insurance - fees
    return insurance, fees, choose(rest >= shares * index, index, ceil(rest, shares))


def release(released, shares):
    """(rise of the deposit index, what insurance gets) of a recovery."""
    rise = floor(released * Q, shares)
    return rise, released * Q - rise * shares


# prices: mantissa / scale, a power of two
def value_down(amount, mantissa, scale): return floor(amount * mantissa, scale)
def value_up(amount, mantissa, scale): return ceil(amount * (mantissa + 1), scale)
def amount_down(value, mantissa, scale): return floor(value * scale, mantissa + 1)
def amount_up(value, mantissa, scale): return ceil(value * scale, mantissa)


# score
def group_term(net, shock, charge=BPS):
    """What a group's net (bps x micro-USD) adds to a row's loss and the charges, in bps x micro-USD."""
    whole = floor(net, BPS)
    return -whole * shock + choose(whole * BPS != net, charge, 0)


def requirement_up(required): return ceil(required, BPS)


def group_requirement(net, shock):
    """The requirement of a book of one group and no other charges."""
    return requirement_up(group_term(net, shock))


def fast_limit(bits):
    """The largest sum of values' sizes that is scored in integers of so many bits."""
    return floor((1 << (bits - 1)) - 1 - 170_000, 40_000)


def net_risk_down(missing, requirement): return floor(missing * (1 << 32), requirement)


# tranches
def equity_bonus_down(collateral, debt): return floor((collateral - debt) * PPM, debt)
def seized_worth_down(repaid, bonus): return floor(repaid * (PPM + bonus), PPM)
def insurance_up(seized, bonus, slice_bps): return ceil(seized * bonus * slice_bps, (PPM + bonus) * BPS)
def price_of_deposit_up(worth, bonus): return ceil(worth * PPM, PPM + bonus)


def settle_part(repay, bonus, debt_mantissa, debt_scale, mantissa, scale):
    """(tokens repaid, tokens seized) of a tranche that neither position bounds."""
    tokens = amount_down(repay, debt_mantissa, debt_scale)
    worth = seized_worth_down(value_down(tokens, debt_mantissa, debt_scale), bonus)
    return tokens, amount_down(worth, mantissa, scale)


def settle_whole(held, bonus, debt_mantissa, debt_scale, mantissa, scale):
    """Tokens repaid for a whole deposit."""
    worth = price_of_deposit_up(value_up(held, mantissa, scale), bonus)
    return amount_up(worth, debt_mantissa, debt_scale)


# pace and buckets
def pace_room(allowance, used): return larger(allowance - used, 0)


def meter_used(used, allowance, elapsed, window):
    """What a pace meter shows to one allowance."""
    return choose(elapsed >= window, 0, larger(used - floor(allowance * elapsed, window), 0))


def meter_spend(used, allowance, elapsed, window, repaid):
    """(used, the time since it was written), after a tranche: beside a spent meter the time stays."""
    now = meter_used(used, allowance, elapsed, window)
    beside = both(now > 0, now >= allowance)
    return choose(beside, used, now) + repaid, choose(beside, elapsed, 0)


def leak_used(used, capacity, elapsed, refill): return smaller(larger(used - floor(capacity * elapsed, refill), 0), capacity)


# the staked fund
def stake(amount, shares, tokens):
    """(shares bought, their cost)."""
    bought = floor(amount * shares, tokens)
    return bought, ceil(bought * tokens, shares)


def stake_worth_down(part, shares, tokens): return floor(part * tokens, shares)


# ramps and fading
def blend(old, new, progress):
    """From old to new, `progress` of 2^32 of the way, rounded towards old."""
    step = floor(larger(new - old, old - new) * progress, 1 << 32)
    return choose(new >= old, old + step, old - step)


def fade_down(amount, left, seconds): return floor(amount * left, seconds)
