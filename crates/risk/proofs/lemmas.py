"""The rounding lemmas. Each is a function of `wrong`: with it the formula is deliberately off, and the solver must find a
counterexample; without it there must be none."""

from model import *
from terms import assume, both, ceil, choose, floor, implies, larger, number, smaller

LEMMAS = []


def lemma(name, statement, wrong):
    def register(function):
        LEMMAS.append((name, statement, wrong, function))
        return function
    return register


def amount(name="amount"): return number(name)
def index(name="index"): return number(name, 1)


# math
@lemma("mul_div", "mul_div_down <= a*b/d < mul_div_down + 1 and mul_div_up is the next whole number", "up where it says down")
def _(wrong):
    a, b, d = number("a"), number("b"), number("d", 1)
    down, up = (mul_div_up if wrong else mul_div_down)(a, b, d), mul_div_up(a, b, d)
    return both(down * d <= a * b, a * b < down * d + d, up * d >= a * b, up - down <= 1, up >= down)


@lemma("wide_product", "the two halves are the 256-bit product and no sum on the way wraps", "the carry of the middle is dropped")
def _(wrong):
    half = Q
    most = (half - 1) * (half - 1)
    # a product of two halves is at most this; the lemma holds whatever the products are
    p11, p10, p01, p00 = (number(name, 0, most + 1) for name in ("a1b1", "a1b0", "a0b1", "a0b0"))
    high, low, sums = wide_product(p11, p10, p01, p00, half)
    if wrong:
        high = p11 + floor(p10, half) + floor(p01, half)
    exact = p11 * (half * half) + (p10 + p01) * half + p00
    no_wrap = both(sums[0] < half * half, sums[1] < half * half)
    return both(high * (half * half) + low == exact, no_wrap, low >= 0, low < half * half)


@lemma("wide_high", "the high half fits 128 bits", "a factor's half may be 2^64")
def _(wrong):
    half = Q
    largest = half if wrong else half - 1
    products = [number(name, 0, largest * largest + 1) for name in ("a1b1", "a1b0", "a0b1", "a0b0")]
    high, _, _ = wide_product(*products, half)
    return high < half * half


@lemma("divide_step", "a step of the long division keeps remainder < divisor and doubles exactly", "the carry is not looked at")
def _(wrong):
    divisor = number("divisor", 1, 1 << 128)
    remainder, bit = number("remainder"), number("bit", 0, 2)
    assume(remainder < divisor)
    rest, quotient = divide_step(remainder, bit, divisor, carry_counts=not wrong)
    return both(rest >= 0, rest < divisor, rest + quotient * divisor == 2 * remainder + bit)


@lemma("sqrt_above", "Newton's step from above stays at or above the root", "the step divides by 3")
def _(wrong):
    n, guess = number("n", 1), number("guess", 1)
    after = floor(guess + floor(n, guess), 3) if wrong else sqrt_step(n, guess)
    return (after + 1) * (after + 1) > n


@lemma("sqrt_stops", "where Newton's step no longer falls, the guess is at most the root", "it stops a step early")
def _(wrong):
    n, guess = number("n", 1), number("guess", 1)
    after = sqrt_step(n, guess)
    return implies(after >= (guess - 1 if wrong else guess), guess * guess <= n)


# shares
@lemma("deposit_worth", "shares for a deposit are worth at most the deposit", "shares rounded up")
def _(wrong):
    a, i = amount(), index()
    return worth_down((shares_up if wrong else shares_down)(a, i), i) <= a


@lemma("deposit_claims", "a deposit raises all deposits by at most the tokens that came", "shares rounded up")
def _(wrong):
    a, i, all_shares = amount(), index(), amount("shares")
    bought = (shares_up if wrong else shares_down)(a, i)
    return worth_down(all_shares + bought, i) - worth_down(all_shares, i) <= a


@lemma("withdraw_claims", "a withdrawal lowers all deposits by at least the tokens that left", "shares rounded down")
def _(wrong):
    a, i, all_shares = amount(), index(), amount("shares")
    burnt = (shares_down if wrong else shares_up)(a, i)
    assume(burnt <= all_shares)
    return worth_down(all_shares, i) - worth_down(all_shares - burnt, i) >= a


@lemma("withdraw_all_claims", "taking out all shares for their worth lowers all deposits by at least that", "their worth rounded up")
def _(wrong):
    i, all_shares, held = index(), amount("shares"), amount("held")
    assume(held <= all_shares)
    paid = (owed_up if wrong else worth_down)(held, i)
    return worth_down(all_shares, i) - worth_down(all_shares - held, i) >= paid


@lemma("borrow_owes", "a loan owes at least what was lent", "shares rounded down")
def _(wrong):
    a, i = amount(), index()
    return owed_up((shares_down if wrong else shares_up)(a, i), i) >= a


@lemma("borrow_debt", "a loan raises all debt by at least what was lent", "shares rounded down")
def _(wrong):
    a, i, all_shares = amount(), index(), amount("shares")
    lent = (shares_down if wrong else shares_up)(a, i)
    return owed_up(all_shares + lent, i) - owed_up(all_shares, i) >= a


@lemma("repay_debt", "a repayment lowers all debt by at most what was paid", "shares rounded up")
def _(wrong):
    a, i, all_shares = amount(), index(), amount("shares")
    burnt = (shares_up if wrong else shares_down)(a, i)
    assume(burnt <= all_shares)
    return owed_up(all_shares, i) - owed_up(all_shares - burnt, i) <= a


@lemma("repay_all_debt", "repaying a position to its end lowers all debt by at most what was paid", "what is owed rounded down")
def _(wrong):
    i, all_shares, held = index(), amount("shares"), amount("held")
    assume(held <= all_shares)
    paid = (worth_down if wrong else owed_up)(held, i)
    return owed_up(all_shares, i) - owed_up(all_shares - held, i) <= paid


@lemma("round_trip_deposit", "depositing and taking all out again never gains", "shares rounded up")
def _(wrong):
    a, b, i = amount(), amount(), index()
    buy = shares_up if wrong else shares_down
    return worth_down(buy(a, i) + buy(b, i), i) <= a + b


@lemma("round_trip_debt", "borrowing and repaying all never gains", "both rounded down")
def _(wrong):
    a, i = amount(), index()
    owed = worth_down(shares_down(a, i), i) if wrong else owed_up(shares_up(a, i), i)
    return owed >= a


@lemma("owed_exact", "debt rounded up is never below the exact debt, and deposits never above theirs", "debt rounded down")
def _(wrong):
    s, i = amount("shares"), index()
    return both((worth_down if wrong else owed_up)(s, i) * Q >= s * i, worth_down(s, i) * Q <= s * i)


@lemma("split_actions", "splitting a deposit or a repayment buys no more shares, a loan or a withdrawal no fewer", "both rounded down")
def _(wrong):
    a, b, i = amount("a"), amount("b"), index()
    up = shares_down if wrong else shares_up
    return both(shares_down(a, i) + shares_down(b, i) <= shares_down(a + b, i), up(a, i) + up(b, i) >= up(a + b, i))


@lemma("split_positions", "splitting a position makes no deposit worth more and no debt smaller", "both rounded down")
def _(wrong):
    s, t, i = amount("s"), amount("t"), index()
    owed = worth_down if wrong else owed_up
    return both(worth_down(s, i) + worth_down(t, i) <= worth_down(s + t, i), owed(s, i) + owed(t, i) >= owed(s + t, i))


@lemma("seize_claims", "a seizure lowers deposits by at least what liquidator and insurance get", "shares rounded down")
def _(wrong):
    a, insured, i, all_shares = amount(), amount("insured"), index(), amount("shares")
    burnt = (shares_down if wrong else shares_up)(a, i)
    assume(burnt <= all_shares, insured <= a)
    paid = shares_down(a - insured, i)
    # paid in shares: what is left of the deposits, and insurance, are no more than before
    return worth_down(all_shares - burnt + paid, i) + insured <= worth_down(all_shares, i)


# interest
@lemma("compose", "growth composed is at least the exact growth, less than 2^-64 above, and never below a part", "rounded down")
def _(wrong):
    a, b = number("a"), number("b")
    grown = a + b + floor(a * b, Q) if wrong else compose_up(a, b)
    return both((grown - a - b) * Q >= a * b, (grown - a - b) * Q < a * b + Q, grown >= a, grown >= b)


@lemma("index_rises", "accrual never lowers the debt index, and rounds it up", "rounded down")
def _(wrong):
    i, growth = index(), number("growth")
    grown = i + floor(i * growth, Q) if wrong else grow_index_up(i, growth)
    return both(grown >= i, (grown - i) * Q >= i * growth)


@lemma("split_covers", "fees, insurance and the rise of all deposits come to no more than the interest", "the rise rounded up")
def _(wrong):
    interest, shares = number("interest"), number("shares", 1)
    fee_bps, insurance_bps = number("fee", 0, BPS + 1), number("insurance", 0, BPS + 1)
    assume(fee_bps + insurance_bps <= BPS)
    fee, insurance, rise = split_interest(interest, fee_bps, insurance_bps, shares, number("most"))
    if wrong:
        rise = ceil(interest * Q - fee - insurance, shares)
    lenders = interest * Q - fee - insurance
    return both(fee + insurance + rise * shares <= interest * Q, lenders >= 0, rise >= 0)


@lemma("even_rise", "a deposit share rises by no more than debt does, in proportion", "the bound rounded up")
def _(wrong):
    interest, debt, shares, i = number("interest"), number("debt", 1), number("shares", 1), index()
    even = number("even")
    # as much as lenders get of the interest, or less
    assume(even * shares <= interest * Q)
    most = ceil(i * interest, debt) if wrong else most_rise_down(i, interest, debt)
    bounded = worth_down(shares, i) < debt
    # where deposits are worth the debt: even * debt * Q <= even * shares * i <= interest * Q * i
    assume(implies(shares * i >= debt * Q, even * (debt * Q) <= even * (shares * i)))
    assume((even * shares) * i <= (interest * Q) * i)
    return choose(bounded, smaller(even, most), even) * debt <= i * interest


@lemma("split_fees", "fees are at most their share of the interest, and below it by at most a bps of 2^-64 for each bps of the rate", "the part rounded up")
def _(wrong):
    interest, fee_bps = number("interest"), number("fee", 0, BPS + 1)
    fee, _, _ = split_interest(interest, fee_bps, 0, 1, number("most"))
    if wrong:
        fee = ceil(interest * Q, BPS) * fee_bps
    share = interest * Q * fee_bps
    return both(fee * BPS <= share, share <= fee * BPS + fee_bps * BPS)


@lemma("accrual_claims", "if tokens and debt covered the claims exactly before interest, they do after it", "a part of 2^64 too much is given out")
def _(wrong):
    free, kept, before, interest = (number(name) for name in ("free", "kept", "before", "interest"))
    shares, i = number("shares", 1), index()
    # kept = fees + insurance with 64 fractional bits; debt in whole units, rounded up
    assume(shares * i + kept <= (free + before) * Q)
    bps = number("fee", 0, BPS + 1), number("insurance", 0, BPS + 1)
    fee, insurance, rise = split_interest(interest, *bps, shares, number("most"))
    given = fee + insurance + (1 if wrong else 0)
    return shares * i + shares * rise + kept + given <= (free + before + interest) * Q


@lemma("whole_claims", "claims in whole units never pass the assets where exact claims do not", "deposits rounded up too")
def _(wrong):
    shares, i, fees, insurance, assets = amount("shares"), index(), number("fees"), number("insurance"), number("assets")
    assume(shares * i + fees + insurance <= assets * Q)
    claims = owed_up(shares, i) + ceil(fees + insurance, Q) if wrong else claims_up(shares, i, fees, insurance)
    return claims <= assets


@lemma("utilisation", "utilisation is rounded up and at most 100 %", "rounded down")
def _(wrong):
    free, debt = number("free"), number("debt")
    assume(free + debt >= 1)
    used = floor(debt * BPS, free + debt) if wrong else utilisation_up(free, debt)
    return both(used * (free + debt) >= debt * BPS, used <= BPS)


# losses and recoveries
@lemma("absorb_claims", "a loss that insurance, fees and lenders can bear lowers their claims by at least itself", "the fall rounded down")
def _(wrong):
    loss, insured, fees, shares, i = number("loss"), number("insured"), number("fees"), number("shares", 1), index()
    assume(loss * Q <= insured + fees + shares * i)
    from_insurance, from_fees, fall = absorb(loss, insured, fees, shares, i)
    if wrong:
        fall = floor(loss * Q - from_insurance - from_fees, shares)
    return both(from_insurance + from_fees + fall * shares >= loss * Q, fall <= i, from_insurance <= insured, from_fees <= fees)


@lemma("release_exact", "a recovery is divided among lenders and insurance without a rest", "the rise rounded up")
def _(wrong):
    released, shares = number("released"), number("shares", 1)
    rise, rest = release(released, shares)
    if wrong:
        rise = ceil(released * Q, shares)
        rest = released * Q - rise * shares
    return both(rest >= 0, rest < shares, rise * shares + rest == released * Q)


# prices
@lemma("value", "a value down is at most the true one and a value up at least, for any true price that the mantissa stands for", "the mantissa for both")
def _(wrong):
    a, mantissa, scale, fine = number("a"), number("mantissa", 1), number("scale", 1), number("fine", 1)
    true = number("true")  # the true price is true / (fine * scale)
    assume(mantissa * fine <= true, true < mantissa * fine + fine)
    up = ceil(a * mantissa, scale) if wrong else value_up(a, mantissa, scale)
    down = value_down(a, mantissa, scale)
    # nothing of nothing is worth nothing
    return both(down * (scale * fine) <= a * true, a * true <= up * (scale * fine))


@lemma("amount_for", "units for a value are worth at most it rounded down, at least it rounded up", "the mantissa for the former")
def _(wrong):
    value, mantissa, scale = number("value"), number("mantissa", 1), number("scale", 1)
    down = floor(value * scale, mantissa) if wrong else amount_down(value, mantissa, scale)
    return both(value_up(down, mantissa, scale) <= value, value_down(amount_up(value, mantissa, scale), mantissa, scale) >= value)


# score
@lemma("group_above", "a group's part of the integer requirement is at least the exact one", "what rounding loses is not charged")
def _(wrong):
    net, shock = number("net", -(1 << 125), 1 << 125), number("shock", -BPS, BPS + 1)
    term = group_term(net, shock, 0 if wrong else BPS)
    return term * BPS >= -net * shock


@lemma("group_padding", "and less than two micro-USD above it", "the bound is one")
def _(wrong):
    net, shock = number("net", -(1 << 125), 1 << 125), number("shock", -BPS, BPS + 1)
    bound = (1 if wrong else 2) * BPS
    return group_term(net, shock) * BPS < -net * shock + bound * BPS


@lemma("requirement_up", "the last division of the requirement is rounded up, by less than one", "rounded down")
def _(wrong):
    required = number("required")
    up = floor(required, BPS) if wrong else requirement_up(required)
    return both(up * BPS >= required, up * BPS < required + BPS)


@lemma("fast_fits", "no sum of a score leaves 64 bits while the values' sizes add up to the fast limit", "the limit is twice as high")
def _(wrong):
    limit = fast_limit(64) * (2 if wrong else 1)
    gross, groups, lost = number("gross", 0, limit + 1), number("groups", 0, 9), number("loss")
    charges, basis, idio = number("charges"), number("basis"), number("idio")
    # a row moves at most 2 x 10^4 bps of a dollar's net, basis and idio 10^4 each, the charge 10^4 a group, a floor's rest as much
    assume(lost <= 2 * BPS * gross + BPS * groups, basis <= BPS * gross, idio <= BPS * gross, charges == basis + idio + BPS * groups)
    return lost + charges + BPS - 1 < (1 << 63)


@lemma("net_risk", "net risk is rounded down and below one while equity is positive", "rounded up")
def _(wrong):
    missing, requirement = number("missing", 1), number("requirement", 1)
    assume(missing < requirement)
    one = 1 << 32
    risk = ceil(missing * one, requirement) if wrong else net_risk_down(missing, requirement)
    return both(risk * requirement <= missing * one, risk < one)


# tranches
@lemma("bonus_clamp", "with a bonus of at most the equity's no tranche raises debt over equity", "the bonus rounded up")
def _(wrong):
    collateral, debt, repaid = number("collateral"), number("debt", 1), number("repaid", 1)
    assume(collateral >= debt, repaid <= debt)
    bonus = ceil((collateral - debt) * PPM, debt) if wrong else equity_bonus_down(collateral, debt)
    equity = collateral - debt
    # (E - b*x) * D >= E * (D - x), times 10^6
    return (equity * PPM - bonus * repaid) * debt >= equity * PPM * (debt - repaid)


@lemma("seize_value", "what is seized is truly worth at most what was repaid and the bonus", "tokens rounded up")
def _(wrong):
    repaid, bonus = number("repaid"), number("bonus", 0, 50_001)
    mantissa, scale = number("mantissa", 1), number("scale", 1)
    worth = seized_worth_down(repaid, bonus)
    taken = ceil(worth * scale, mantissa) if wrong else amount_down(worth, mantissa, scale)
    return taken * (mantissa + 1) * PPM <= repaid * (PPM + bonus) * scale


@lemma("whole_deposit", "a whole deposit is paid with at least its worth over one and the bonus", "the price rounded down")
def _(wrong):
    worth, bonus = number("worth"), number("bonus", 0, 50_001)
    price = (floor(worth * PPM, PPM + bonus)) if wrong else price_of_deposit_up(worth, bonus)
    return price * (PPM + bonus) >= worth * PPM


@lemma("insurance_slice", "insurance gets at least its slice of the bonus and never more than what was seized", "rounded down")
def _(wrong):
    seized, bonus, part = number("seized"), number("bonus", 0, 50_001), number("slice", 0, 5_001)
    whole = (PPM + bonus) * BPS
    kept = floor(seized * bonus * part, whole) if wrong else insurance_up(seized, bonus, part)
    return both(kept * whole >= seized * bonus * part, kept <= seized)


# pace and buckets
@lemma("pace_instant", "in one instant no more is repaid than the largest allowance met on the way", "spent tranches are forgotten")
def _(wrong):
    used, most, allowance, repaid = number("used"), number("most"), number("allowance"), number("repaid")
    assume(used <= most)
    assume(repaid <= pace_room(allowance, 0 if wrong else used))
    return used + repaid <= larger(most, allowance)


@lemma("pace_beside", "beside a spent meter a tranche takes at most itself from every allowance, and gives none room", "the time is written down")
def _(wrong):
    used, own, other, repaid = number("used"), number("own"), number("other"), number("repaid")
    window, elapsed = number("window", 1), number("elapsed")
    spent = meter_used(used, own, elapsed, window)
    assume(both(spent > 0, spent >= own))
    next_used, next_elapsed = (spent + repaid, 0) if wrong else meter_spend(used, own, elapsed, window, repaid)
    taken = meter_used(next_used, other, next_elapsed, window) - meter_used(used, other, elapsed, window)
    return both(taken >= 0, taken <= repaid)


@lemma("leak_refills", "a bucket refills by at most capacity x elapsed / refill, and holds at most its capacity", "rounded up")
def _(wrong):
    used, capacity, elapsed, refill = number("used"), number("capacity"), number("elapsed"), number("refill", 1)
    assume(used <= capacity)
    after = leak_used(used, capacity, elapsed, refill)
    if wrong:
        after = smaller(larger(used - ceil(capacity * elapsed, refill), 0), capacity)
    return both((used - after) * refill <= capacity * elapsed, after <= capacity, after >= 0)


# the staked fund
@lemma("stake_cost", "staking costs at most what was offered", "shares rounded up")
def _(wrong):
    offered, shares, tokens = number("offered"), number("shares", 1), number("tokens", 1)
    bought, cost = stake(offered, shares, tokens)
    if wrong:
        bought = ceil(offered * shares, tokens)
        cost = ceil(bought * tokens, shares)
    return cost <= offered


@lemma("stake_price", "staking never lowers what a share of the others is worth", "the cost rounded down")
def _(wrong):
    offered, shares, tokens = number("offered"), number("shares", 1), number("tokens", 1)
    bought, cost = stake(offered, shares, tokens)
    if wrong:
        cost = floor(bought * tokens, shares)
    return (tokens + cost) * shares >= tokens * (shares + bought)


@lemma("unstake_price", "leaving never lowers what a share of the others is worth", "the payment rounded up")
def _(wrong):
    part, shares, tokens = number("part"), number("shares", 1), number("tokens")
    assume(part <= shares)
    paid = ceil(part * tokens, shares) if wrong else stake_worth_down(part, shares, tokens)
    return both((tokens - paid) * shares >= tokens * (shares - part), paid <= tokens)


# ramps and fading
@lemma("blend_between", "on its way a parameter lies between its ends, on the old one's side of the line", "rounded away from the old")
def _(wrong):
    old, new, progress = number("old"), number("new"), number("progress", 0, (1 << 32) + 1)
    assume(old <= new)
    now = old + ceil((new - old) * progress, 1 << 32) if wrong else blend(old, new, progress)
    return both(now >= old, now <= new, (now - old) * (1 << 32) <= (new - old) * progress)


@lemma("blend_falls", "and so does one that falls", "rounded away from the old")
def _(wrong):
    old, new, progress = number("old"), number("new"), number("progress", 0, (1 << 32) + 1)
    assume(old > new)
    now = old - ceil((old - new) * progress, 1 << 32) if wrong else blend(old, new, progress)
    return both(now <= old, now >= new, (old - now) * (1 << 32) <= (old - new) * progress)


@lemma("fade", "what fades is never more than its even share, and never more than it was", "rounded up")
def _(wrong):
    faded, left, seconds = number("amount"), number("left"), number("seconds", 1)
    assume(left <= seconds)
    now = ceil(faded * left, seconds) if wrong else fade_down(faded, left, seconds)
    return both(now * seconds <= faded * left, now <= faded)
