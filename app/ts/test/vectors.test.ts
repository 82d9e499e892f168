import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { BINDINGS, Risk, RiskRefusal, TRANCHE_LIMITS, generated, type Score, type TranchePlan, type TrancheRequest } from '../src/index';
import { bytes, vectors, type Json, type Outcome } from './support/vectors';

let risk: Risk;
beforeAll(async () => {
  risk = await Risk.load();
});

/** A result as the vectors write it: numbers beyond 53 bits as text, refusals by name. */
function outcome<T>(compute: () => T, show: (value: T) => unknown): Outcome<unknown> {
  try {
    return { ok: show(compute()) };
  } catch (error) {
    if (!(error instanceof RiskRefusal)) throw error;
    return { refused: error.reason };
  }
}

function shown(value: object): Json {
  return JSON.parse(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))) as Json;
}

const score = (value: Score) => ({ ...shown(value), binding: BINDINGS.indexOf(value.binding) });
const plan = (value: TranchePlan) => ({
  ...shown(value),
  limit: TRANCHE_LIMITS.indexOf(value.limit),
  before: score(value.before),
});

const models = new Map(vectors.presets.map((preset) => [preset.name, generated.getRiskModelDecoder().decode(bytes(preset.model))]));

describe('the module computes what the risk crate computes', () => {
  test(`of ${vectors.books.length} books: scores, reasons and what a tranche leaves`, () => {
    for (const { preset, book, after, ...expected } of vectors.books) {
      const model = models.get(preset)!;
      const exposures = book.map((side) => ({ ...side, value: BigInt(side.value) }));
      expect(outcome(() => risk.score(model, exposures), score)).toEqual(expected.score);
      expect(outcome(() => risk.openingScore(model, exposures), score)).toEqual(expected.opening);
      const reasons = outcome(() => risk.explain(model, exposures), ({ score: _, ...rest }) => shown(rest));
      expect(reasons).toEqual(expected.explanation);
      const left = () => risk.scoreAfter(model, exposures, after.debt, after.deposit, BigInt(after.repay), after.bonus);
      expect(outcome(left, score)).toEqual(after.score);
    }
  });

  test(`of ${vectors.books.length} books: a pair's tranche and the best pair`, () => {
    for (const { preset, book, after, tranche } of vectors.books) {
      const curves = tranche.curves.map((curve) => generated.getTrancheCurveDecoder().decode(bytes(curve)));
      const buckets = tranche.buckets.map((bucket) => generated.getDepthBucketDecoder().decode(bytes(bucket)));
      const request: TrancheRequest = {
        model: models.get(preset)!,
        book: book.map((side) => ({ ...side, value: BigInt(side.value) })),
        rules: generated.getTrancheRulesDecoder().decode(bytes(tranche.rules)),
        usable: tranche.usable,
        meter: generated.getPaceMeterDecoder().decode(bytes(tranche.meter)),
        now: tranche.now,
        maximum: BigInt(tranche.maximum),
      };
      const { debt, deposit } = after;
      const planned = () => risk.planTranche(request, debt, deposit, curves[deposit]!, buckets[deposit]!);
      expect(outcome(planned, plan)).toEqual(tranche.plan);
      const best = outcome(
        () => risk.bestPair(request, curves, buckets),
        (found) => found && { ...found, plan: plan(found.plan) },
      );
      expect(best).toEqual(tranche.best);
    }
  });

  test(`of ${vectors.prices.length} observations: prices, values and amounts`, () => {
    for (const { prices, converted, decimals, confidenceFactor, amount, value, ...given } of vectors.prices) {
      const observation = {
        price: BigInt(given.price),
        confidence: BigInt(given.confidence),
        ema: BigInt(given.ema),
        exponent: given.exponent,
      };
      const read = (hex: string) => generated.getUnitPriceDecoder().decode(bytes(hex));
      const computed = outcome(() => risk.prices(observation, decimals, confidenceFactor), (found) => found);
      if (!('ok' in prices)) {
        expect(computed).toEqual(prices);
        continue;
      }
      expect(computed).toEqual({ ok: { spot: read(prices.ok.spot), low: read(prices.ok.low), high: read(prices.ok.high) } });
      expect(outcome(() => risk.convert(read(prices.ok.spot), BigInt(amount), BigInt(value)), shown)).toEqual(converted);
    }
  });

  test(`of ${vectors.ledgers.length} ledgers: interest, and what shares are worth`, () => {
    for (const given of vectors.ledgers) {
      const split = generated.getInterestSplitDecoder().decode(bytes(given.split));
      const later = risk.ledger(bytes(given.ledger), split, given.now, BigInt(given.depositShares), BigInt(given.debtShares));
      expect(later.ledger).toEqual(bytes(given.later));
      expect([later.deposited, later.owed]).toEqual([BigInt(given.deposited), BigInt(given.owed)]);
    }
  });
});

describe('the module is easy to load and hard to misuse', () => {
  test('from bytes, a module or a response, as a web page has it', async () => {
    const code = readFileSync(new URL('../ballast.wasm', import.meta.url));
    const response = new Response(code, { headers: { 'content-type': 'application/wasm' } });
    for (const source of [code, await WebAssembly.compile(code), Promise.resolve(response)]) {
      const loaded = await Risk.load(source);
      expect(loaded.score(models.get('balanced')!, []).isHealthy).toBe(true);
    }
    await expect(Risk.load(Promise.resolve(new Response('', { status: 404 })))).rejects.toThrow(/serve ballast.wasm/);
    await expect(Risk.load(new URL('../nowhere.wasm', import.meta.url))).rejects.toThrow(/cargo xtask wasm/);
  });

  test('it asks nothing of whoever loads it', async () => {
    const module = await WebAssembly.compile(readFileSync(new URL('../ballast.wasm', import.meta.url)));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  test('refusals have a name and say what to do', () => {
    const model = models.get('balanced')!;
    const one = { value: 1n, beta: 10_000, idio: 0, group: 0 };
    expect(() => risk.score({ ...model, groupCount: 0 }, [one])).toThrow(/1 to 8 groups/);
    expect(() => risk.score(model, [{ ...one, group: 7 }])).toThrow(/one of the model's groups/);
    expect(() => risk.score(model, Array(17).fill(one))).toThrow(/at most 16 positions/);
    expect(() => risk.market(new Uint8Array(100), { slot: 1n, unixTimestamp: 1n })).toThrow(/no reserve account/);
  });
});
