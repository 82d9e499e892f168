/**
 * The risk arithmetic of `crates/risk` and the program's valuation of books, compiled to WebAssembly: scores, tranches, prices, ledgers and
 * whole portfolios from account data, by the code that the chain runs.
 *
 * Money is in micro-USD (1e-6 USD) and amounts are in token units, both as `bigint`; nothing here rounds by itself.
 */
import {
  fixDecoderSize,
  getArrayDecoder,
  getBytesDecoder,
  getI128Encoder,
  getI32Encoder,
  getI64Encoder,
  getNullableDecoder,
  getStructDecoder,
  getU16Encoder,
  getU32Encoder,
  getU64Encoder,
  getU8Encoder,
  type ReadonlyUint8Array,
} from '@solana/kit';
import {
  getDepthBucketEncoder,
  getInterestSplitEncoder,
  getTrancheCurveEncoder,
  getUnitPriceDecoder,
  getUnitPriceEncoder,
  type DepthBucketArgs,
  type InterestSplitArgs,
  type RiskModelArgs,
  type TrancheCurveArgs,
  type UnitPriceArgs,
} from './generated';
import {
  bestDecoder,
  explanationDecoder,
  flag,
  i128,
  marketDecoder,
  planDecoder,
  positionsDecoder,
  refusalDecoder,
  scoreDecoder,
  u64,
  u8,
} from './risk/answers';
import { accounts, block, clockBytes, list, modelAndBook, requested } from './risk/arguments';
import { body, isResponse, read, type RiskSource } from './risk/source';
import {
  type BestTranche,
  type Change,
  type Clock,
  type Conversion,
  type Distance,
  type Explanation,
  type Exposure,
  type LaterLedger,
  type Market,
  type Observation,
  type Portfolio,
  type Prices,
  RiskRefusal,
  type Score,
  type Snapshot,
  type TranchePlan,
  type TrancheRequest,
} from './risk/types';

export type { RiskSource } from './risk/source';
export * from './risk/types';

/** Functions of the module, by number. */
const FUNCTIONS = {
  score: 0,
  openingScore: 1,
  explain: 2,
  planTranche: 3,
  bestPair: 4,
  scoreAfter: 5,
  prices: 6,
  convert: 7,
  ledger: 8,
  market: 9,
  portfolio: 10,
  bestTranche: 11,
  distances: 12,
} as const;

type Exports = {
  readonly memory: WebAssembly.Memory;
  readonly ballast_buffer: (length: number) => number;
  readonly ballast_call: (functionNumber: number) => number;
  readonly ballast_answer: () => number;
};

const LEDGER_BYTES = 112;

/** The risk module. {@link Risk.load} loads it, in Node and in browsers. */
export class Risk {
  readonly #exports: Exports;

  private constructor(exports: Exports) {
    this.#exports = exports;
  }

  /**
   * Loads the module: from `ballast.wasm` beside this package, which bundlers that know `new URL(…, import.meta.url)` copy along, or from
   * wherever the caller has it.
   */
  static async load(source: RiskSource = new URL('../ballast.wasm', import.meta.url)): Promise<Risk> {
    const found = source instanceof URL ? await read(source) : await source;
    const bytes = isResponse(found) ? await body(found) : found;
    const module = bytes instanceof WebAssembly.Module ? bytes : await WebAssembly.compile(bytes);
    // It imports nothing: whatever it computes, it computes from its arguments.
    const instance = await WebAssembly.instantiate(module, {});
    return new Risk(instance.exports as unknown as Exports);
  }

  /** Scores a book at spot. */
  score(model: RiskModelArgs, book: readonly Exposure[]): Score {
    return scoreDecoder.decode(this.#call('score', modelAndBook(model, book)));
  }

  /** Scores a book, at conservative prices and with opening charges, against what opening risk asks for. */
  openingScore(model: RiskModelArgs, book: readonly Exposure[]): Score {
    return scoreDecoder.decode(this.#call('openingScore', modelAndBook(model, book)));
  }

  /** Scores a book and takes the requirement apart. */
  explain(model: RiskModelArgs, book: readonly Exposure[]): Explanation {
    return explanationDecoder.decode(this.#call('explain', modelAndBook(model, book)));
  }

  /** The score after `repay` micro-USD of a debt were repaid for `1 + bonus` (ppm) of a deposit. */
  scoreAfter(model: RiskModelArgs, book: readonly Exposure[], debt: number, deposit: number, repay: bigint, bonus: number): Score {
    const tranche = [getU8Encoder().encode(debt), getU8Encoder().encode(deposit), getI128Encoder().encode(repay), getU32Encoder().encode(bonus)];
    return scoreDecoder.decode(this.#call('scoreAfter', [...modelAndBook(model, book), ...tranche]));
  }

  /** Plans the tranche of one pair. `curve` and `bucket` are those of the deposit's reserve. */
  planTranche(request: TrancheRequest, debt: number, deposit: number, curve: TrancheCurveArgs, bucket: DepthBucketArgs): TranchePlan {
    const pair = [
      getU8Encoder().encode(debt),
      getU8Encoder().encode(deposit),
      getTrancheCurveEncoder().encode(curve),
      getDepthBucketEncoder().encode(bucket),
    ];
    return planDecoder.decode(this.#call('planTranche', [...requested(request), ...pair]));
  }

  /** The pair that removes the most risk now; `null` where none admits a tranche. `curves` and `buckets` in the book's order. */
  bestPair(request: TrancheRequest, curves: readonly TrancheCurveArgs[], buckets: readonly DepthBucketArgs[]): BestTranche | null {
    const reserves = [
      ...list(curves, (curve) => [getTrancheCurveEncoder().encode(curve)]),
      ...list(buckets, (bucket) => [getDepthBucketEncoder().encode(bucket)]),
    ];
    return bestDecoder.decode(this.#call('bestPair', [...requested(request), ...reserves]));
  }

  /** Prices of a token of `decimals`; `confidenceFactor` is how far off spot opening prices lie, bps of the confidence. */
  prices(observation: Observation, decimals: number, confidenceFactor: number): Prices {
    const answer = this.#call('prices', [
      getI64Encoder().encode(observation.price),
      getU64Encoder().encode(observation.confidence),
      getI64Encoder().encode(observation.ema),
      getI32Encoder().encode(observation.exponent),
      getU64Encoder().encode(0),
      getU8Encoder().encode(decimals),
      getU16Encoder().encode(confidenceFactor),
    ]);
    const price = getUnitPriceDecoder();
    return getStructDecoder([
      ['spot', price],
      ['low', price],
      ['high', price],
    ]).decode(answer);
  }

  /** Values of `amount` token units and amounts worth `value` micro-USD, at a price. */
  convert(price: UnitPriceArgs, amount: bigint, value: bigint): Conversion {
    const input = [getUnitPriceEncoder().encode(price), getU64Encoder().encode(amount), getI128Encoder().encode(value)];
    return getStructDecoder([
      ['valueDown', i128],
      ['valueUp', i128],
      ['amountDown', u64],
      ['amountUp', u64],
    ]).decode(this.#call('convert', input));
  }

  /** A ledger, in the risk crate's layout, at a later time, with what these shares are worth then. */
  ledger(
    ledger: ReadonlyUint8Array,
    split: InterestSplitArgs,
    now: bigint | number,
    depositShares: bigint,
    debtShares: bigint,
  ): LaterLedger {
    const input = [
      ledger,
      getInterestSplitEncoder().encode(split),
      getU64Encoder().encode(now),
      getU64Encoder().encode(depositShares),
      getU64Encoder().encode(debtShares),
    ];
    return getStructDecoder([
      ['ledger', fixDecoderSize(getBytesDecoder(), LEDGER_BYTES)],
      ['deposited', u64],
      ['owed', u64],
    ]).decode(this.#call('ledger', input));
  }

  /** What there is to know about a reserve's market now, from its account data. */
  market(reserve: ReadonlyUint8Array, clock: Clock): Market {
    return marketDecoder.decode(this.#call('market', [...block(reserve), ...clockBytes(clock)]));
  }

  /** An obligation's book as it is, or as it would be after `changes`, which are applied as the program would; caps and breakers are not asked. */
  portfolio(snapshot: Snapshot, changes: readonly Change[] = []): Portfolio {
    const answer = this.#call('portfolio', accounts(snapshot, changes));
    const [positions, afterPositions] = positionsDecoder.read(answer, 0);
    const [maintenance, afterMaintenance] = explanationDecoder.read(answer, afterPositions);
    const [refused, rest] = u8.read(answer, afterMaintenance);
    if (refused !== 0) {
      return { positions, maintenance, opening: { isPossible: false, ...refusalDecoder.read(answer, rest)[0] } };
    }
    const [score, afterScore] = scoreDecoder.read(answer, rest);
    const passes = flag.read(answer, afterScore)[0];
    return { positions, maintenance, opening: { isPossible: true, score, passes } };
  }

  /** The pair of an obligation that removes the most risk now, for at most `maximum` micro-USD; `null` where no tranche is possible. */
  bestTranche(snapshot: Snapshot, maximum: bigint, changes: readonly Change[] = []): BestTranche | null {
    return bestDecoder.decode(this.#call('bestTranche', [...accounts(snapshot, changes), getI128Encoder().encode(maximum)]));
  }

  /** How far the price of each position may move alone before the book may be liquidated, in the obligation's order. */
  distances(snapshot: Snapshot, changes: readonly Change[] = []): Distance[] {
    const edge = getNullableDecoder(u64);
    return getArrayDecoder(
      getStructDecoder([
        ['falls', edge],
        ['rises', edge],
      ]),
    ).decode(this.#call('distances', accounts(snapshot, changes)));
  }

  #call(name: keyof typeof FUNCTIONS, parts: readonly ReadonlyUint8Array[]): Uint8Array {
    const module = this.#exports;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const start = module.ballast_buffer(length);
    const buffer = new Uint8Array(module.memory.buffer, start, length);
    let offset = 0;
    for (const part of parts) {
      buffer.set(part, offset);
      offset += part.length;
    }
    const size = module.ballast_call(FUNCTIONS[name]);
    // Memory may have grown, so it is looked at anew; and the next call writes over the answer, so it is copied.
    const answer = new Uint8Array(module.memory.buffer, module.ballast_answer(), size).slice();
    if (answer[0] !== 0) {
      const { reason, message } = refusalDecoder.decode(answer, 1);
      throw new RiskRefusal(reason, message);
    }
    return answer.subarray(1);
  }
}
