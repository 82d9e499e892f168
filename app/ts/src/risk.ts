/**
 * The risk arithmetic of `crates/risk` and the program's valuation of books, compiled to WebAssembly: scores, tranches, prices, ledgers and
 * whole portfolios from account data, by the code that the chain runs.
 *
 * Money is in micro-USD (1e-6 USD) and amounts are in token units, both as `bigint`; nothing here rounds by itself.
 */
import {
  addDecoderSizePrefix,
  fixDecoderSize,
  getAddressDecoder,
  getAddressEncoder,
  getArrayDecoder,
  getBooleanDecoder,
  getBytesDecoder,
  getI128Decoder,
  getI128Encoder,
  getI32Encoder,
  getI64Decoder,
  getI64Encoder,
  getNullableDecoder,
  getStructDecoder,
  getU128Decoder,
  getU16Decoder,
  getU16Encoder,
  getU32Decoder,
  getU32Encoder,
  getU64Decoder,
  getU64Encoder,
  getU8Decoder,
  getU8Encoder,
  getUtf8Decoder,
  type Address,
  type Decoder,
  type ReadonlyUint8Array,
} from '@solana/kit';
import {
  getDepthBucketEncoder,
  getInterestSplitEncoder,
  getPaceMeterEncoder,
  getRiskModelEncoder,
  getTrancheCurveEncoder,
  getTrancheRulesEncoder,
  getUnitPriceDecoder,
  getUnitPriceEncoder,
  type DepthBucketArgs,
  type InterestSplitArgs,
  type PaceMeterArgs,
  type RiskModelArgs,
  type TrancheCurveArgs,
  type TrancheRulesArgs,
  type UnitPrice,
  type UnitPriceArgs,
} from './generated';
import type { Side } from './positions';

/** What a call of the module was refused for. */
export class RiskRefusal extends Error {
  /** The name that the program or the risk crate has for it; `InvalidInput` for arguments that make no sense. */
  readonly reason: string;

  /** A refusal of this name with a text for people. */
  constructor(reason: string, message: string) {
    super(message);
    this.name = 'RiskRefusal';
    this.reason = reason;
  }
}

/** One asset of a book. */
export type Exposure = {
  /** Value in micro-USD: positive for a deposit, negative for a debt. */
  readonly value: bigint;
  /** Move of the asset for a move of its group, bps. */
  readonly beta: number;
  /** Charge on the asset's own value, bps. */
  readonly idio: number;
  /** Its group in the model. */
  readonly group: number;
};

/** Which term of the requirement is the largest. */
export const BINDINGS = ['scenario', 'grossFloor', 'debtFloor'] as const;
/** Which term of the requirement is the largest. */
export type Binding = (typeof BINDINGS)[number];

/** What bounded a tranche. */
export const TRANCHE_LIMITS = ['target', 'pace', 'depth', 'maximum', 'debt', 'deposit'] as const;
/** What bounded a tranche. */
export type TrancheLimit = (typeof TRANCHE_LIMITS)[number];

/** Equity against the requirement. */
export type Score = {
  /** Value of deposits. */
  readonly collateral: bigint;
  /** Value of debts. */
  readonly debt: bigint;
  /** The equity that the model asks for. */
  readonly requirement: bigint;
  /** Deposits − debts. */
  readonly equity: bigint;
  /** Equity − requirement: negative when the book may be liquidated. */
  readonly excess: bigint;
  /** Net risk with 32 fractional bits: 0 is fine, `2n ** 32n` is out of equity. */
  readonly netRisk: bigint;
  /** Index of the worst scenario row. */
  readonly worstRow: number;
  /** The term that binds. */
  readonly binding: Binding;
  /** Whether equity meets the requirement. */
  readonly isHealthy: boolean;
};

/** Where a requirement comes from. */
export type Explanation = {
  /** The score itself. */
  readonly score: Score;
  /** Each group's loss in the worst row; gains are negative. */
  readonly groupLoss: readonly bigint[];
  /** Charge on each group's larger side. */
  readonly basisCharge: readonly bigint[];
  /** Charge on each position. */
  readonly idioCharge: readonly bigint[];
  /** The least that the gross margin asks for. */
  readonly grossFloor: bigint;
  /** The least that the debt asks for. */
  readonly debtFloor: bigint;
};

/** A tranche before it is turned into tokens. */
export type TranchePlan = {
  /** Value to repay. */
  readonly repay: bigint;
  /** Bonus on it, parts per million. */
  readonly bonus: number;
  /** Share of the bonus that stays as insurance, bps. */
  readonly insuranceSlice: number;
  /** What bounded it. */
  readonly limit: TrancheLimit;
  /** Whether the debt is repaid to its end. */
  readonly closeDebt: boolean;
  /** Whether the deposit is taken to its end. */
  readonly takeDeposit: boolean;
  /** Whether lenders lose. */
  readonly insolvent: boolean;
  /** Whether pace and depth did not apply. */
  readonly backstop: boolean;
  /** One window's allowance. */
  readonly allowance: bigint;
  /** Net risk before, with 32 fractional bits. */
  readonly netRisk: bigint;
  /** Rise of equity − requirement a dollar repaid, bps × ppm. */
  readonly gain: bigint;
  /** The score before. */
  readonly before: Score;
};

/** A pair of a book with its tranche. */
export type BestTranche = {
  /** Index of the debt. */
  readonly debt: number;
  /** Index of the deposit. */
  readonly deposit: number;
  /** The tranche. */
  readonly plan: TranchePlan;
};

/** What every tranche of a book depends on. */
export type TrancheRequest = {
  /** The vault's model. */
  readonly model: RiskModelArgs;
  /** The obligation at spot. */
  readonly book: readonly Exposure[];
  /** The vault's rules. */
  readonly rules: TrancheRulesArgs;
  /** Bit i: position i has a fresh price and usable tokens. */
  readonly usable: number;
  /** The obligation's meter. */
  readonly meter: PaceMeterArgs;
  /** Now, seconds. */
  readonly now: bigint | number;
  /** Most that the liquidator wants to repay, micro-USD. */
  readonly maximum: bigint;
};

/** An oracle's price of a token. */
export type Observation = {
  /** Mantissa. */
  readonly price: bigint;
  /** Confidence, same scale. */
  readonly confidence: bigint;
  /** Average, same scale. */
  readonly ema: bigint;
  /** Exponent of the mantissas. */
  readonly exponent: number;
};

/** A token's prices, ready for scoring. */
export type Prices = {
  /** For maintenance. */
  readonly spot: UnitPrice;
  /** What a deposit counts for when risk is opened. */
  readonly low: UnitPrice;
  /** What a debt counts for when risk is opened. */
  readonly high: UnitPrice;
};

/** An amount's values and a value's amounts. */
export type Conversion = {
  /** Value of the amount, rounded down: for deposits. */
  readonly valueDown: bigint;
  /** Value of the amount, rounded up: for debts. */
  readonly valueUp: bigint;
  /** Most token units that are worth no more than the value. */
  readonly amountDown: bigint;
  /** Fewest token units that are worth the value. */
  readonly amountUp: bigint;
};

/** The cluster's clock. */
export type Clock = {
  /** Slot. */
  readonly slot: bigint;
  /** Seconds since the epoch, as the clock sysvar says. */
  readonly unixTimestamp: bigint;
};

/** An account as RPC returned it. */
export type AccountBytes = {
  /** Where it is. */
  readonly address: Address;
  /** Its data, discriminator included. */
  readonly data: ReadonlyUint8Array;
};

/** Everything that scoring an obligation takes. */
export type Snapshot = {
  /** Its vault. */
  readonly vault: AccountBytes;
  /** The obligation. */
  readonly obligation: AccountBytes;
  /** Reserves of its positions and of all changes, in any order. */
  readonly reserves: readonly AccountBytes[];
  /** The cluster's clock. */
  readonly clock: Clock;
};

/** One part of a supposition. */
export type Change =
  | {
      /** What happens: token units come in or leave. `ALL` for all that is there to withdraw or repay. */
      readonly act: 'deposit' | 'withdraw' | 'borrow' | 'repay';
      /** In which reserve. */
      readonly reserve: Address;
      /** Token units. */
      readonly amount: bigint;
    }
  | {
      /** What happens: a price moves, its average with it. */
      readonly act: 'price';
      /** Whose price. */
      readonly reserve: Address;
      /** The new price over the old one, parts per million. */
      readonly toPartsPerMillion: bigint;
    };

/** One position of a book. */
export type PositionView = Exposure & {
  /** Its reserve. */
  readonly reserve: Address;
  /** Which side it is on. */
  readonly side: Side;
  /** Deposit or debt shares. */
  readonly shares: bigint;
  /** Token units, interest included: deposits rounded down, debts up. */
  readonly amount: bigint;
  /** Seconds since its price was published. */
  readonly priceAge: bigint;
  /** Whether a tranche may trade it now. */
  readonly isUsable: boolean;
};

/** Equity against what opening risk asks for. */
export type Opening =
  | {
      /** Whether every price is fresh and certain enough to open risk. */
      readonly isPossible: true;
      /** The score at conservative prices. */
      readonly score: Score;
      /** Whether the book as it is would pass when risk is opened: the score, and the vault's caps on leverage and LTV. */
      readonly passes: boolean;
    }
  | {
      /** A price is too old or too uncertain to open risk. */
      readonly isPossible: false;
      /** The program's name for it. */
      readonly reason: string;
      /** What to do about it. */
      readonly message: string;
    };

/** A whole book. */
export type Portfolio = {
  /** Its positions, in the obligation's order. */
  readonly positions: readonly PositionView[];
  /** Equity against what keeps it from being liquidated, with its reasons. */
  readonly maintenance: Explanation;
  /** Equity against what opening risk asks for. */
  readonly opening: Opening;
};

/** How far one position's price may move alone before the book may be liquidated, in parts per million of the price now. */
export type Distance = {
  /** Where a falling price ends health; `null` where none does. */
  readonly falls: bigint | null;
  /** Where a rising price, up to tenfold, ends it; `null` where none does. */
  readonly rises: bigint | null;
};

/** A reserve's market now. */
export type Market = {
  /** Owed to depositors, token units. */
  readonly deposits: bigint;
  /** Owed by borrowers, token units. */
  readonly debt: bigint;
  /** Tokens that may be lent or withdrawn. */
  readonly freeTokens: bigint;
  /** Fees not collected yet. */
  readonly fees: bigint;
  /** Insurance in kind. */
  readonly insurance: bigint;
  /** Debt over free tokens and debt, bps, rounded up. */
  readonly utilisation: bigint;
  /** Yearly borrow rate before compounding, parts per million, rounded up. */
  readonly borrowRate: bigint;
  /** Worth of a deposit share, 64 fractional bits. */
  readonly depositIndex: bigint;
  /** Owed by a debt share, 64 fractional bits. */
  readonly debtIndex: bigint;
  /** Seconds since its price was published. */
  readonly priceAge: bigint;
  /** Whether its price is young enough to open risk. */
  readonly isPriceFresh: boolean;
};

/** A ledger at a later time. */
export type LaterLedger = {
  /** The ledger, in the risk crate's layout. */
  readonly ledger: ReadonlyUint8Array;
  /** What the deposit shares are worth then. */
  readonly deposited: bigint;
  /** What the debt shares owe then. */
  readonly owed: bigint;
};

const [u8, u16, u32, u64] = [getU8Decoder(), getU16Decoder(), getU32Decoder(), getU64Decoder()];
const [i128, u128, flag] = [getI128Decoder(), getU128Decoder(), getBooleanDecoder()];
const text = addDecoderSizePrefix(getUtf8Decoder(), u32);

function one<const T extends readonly string[]>(names: T): Decoder<T[number]> {
  return { ...u8, decode: (bytes, offset) => names[u8.decode(bytes, offset)]!, read: (bytes, offset) => readOne(names, bytes, offset) };
}

function readOne<const T extends readonly string[]>(names: T, bytes: ReadonlyUint8Array | Uint8Array, offset: number): [T[number], number] {
  const [index, next] = u8.read(bytes, offset);
  const name = names[index];
  if (name === undefined) throw new Error('The risk module is of another version than this package: build it again.');
  return [name, next];
}

const scoreDecoder: Decoder<Score> = getStructDecoder([
  ['collateral', i128],
  ['debt', i128],
  ['requirement', i128],
  ['equity', i128],
  ['excess', i128],
  ['netRisk', u64],
  ['worstRow', u8],
  ['binding', one(BINDINGS)],
  ['isHealthy', flag],
]);

const explanationDecoder: Decoder<Explanation> = getStructDecoder([
  ['score', scoreDecoder],
  ['groupLoss', getArrayDecoder(i128, { size: 8 })],
  ['basisCharge', getArrayDecoder(i128, { size: 8 })],
  ['idioCharge', getArrayDecoder(i128)],
  ['grossFloor', i128],
  ['debtFloor', i128],
]);

const planDecoder: Decoder<TranchePlan> = getStructDecoder([
  ['repay', i128],
  ['bonus', u32],
  ['insuranceSlice', u16],
  ['limit', one(TRANCHE_LIMITS)],
  ['closeDebt', flag],
  ['takeDeposit', flag],
  ['insolvent', flag],
  ['backstop', flag],
  ['allowance', i128],
  ['netRisk', u64],
  ['gain', getI64Decoder()],
  ['before', scoreDecoder],
]);

const bestDecoder: Decoder<BestTranche | null> = getNullableDecoder(
  getStructDecoder([
    ['debt', u8],
    ['deposit', u8],
    ['plan', planDecoder],
  ]),
);

const positionsDecoder: Decoder<PositionView[]> = getArrayDecoder(
  getStructDecoder([
    ['reserve', getAddressDecoder()],
    ['side', one(['none', 'deposit', 'debt'])],
    ['shares', u64],
    ['amount', u64],
    ['value', i128],
    ['beta', u16],
    ['idio', u16],
    ['group', u8],
    ['priceAge', u64],
    ['isUsable', flag],
  ]),
) as Decoder<PositionView[]>;

const refusalDecoder = getStructDecoder([
  ['reason', text],
  ['message', text],
]);

const marketDecoder: Decoder<Market> = getStructDecoder([
  ['deposits', u64],
  ['debt', u64],
  ['freeTokens', u64],
  ['fees', u64],
  ['insurance', u64],
  ['utilisation', u64],
  ['borrowRate', u64],
  ['depositIndex', u128],
  ['debtIndex', u128],
  ['priceAge', u64],
  ['isPriceFresh', flag],
]);

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

const ACTS = ['deposit', 'withdraw', 'borrow', 'repay', 'price'] as const;
const LEDGER_BYTES = 112;

type Exports = {
  readonly memory: WebAssembly.Memory;
  readonly ballast_buffer: (length: number) => number;
  readonly ballast_call: (functionNumber: number) => number;
  readonly ballast_answer: () => number;
};

/** Where the module may come from. */
export type RiskSource = BufferSource | WebAssembly.Module | Response | Promise<Response> | URL;

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

function isResponse(found: BufferSource | WebAssembly.Module | Response): found is Response {
  return typeof Response !== 'undefined' && found instanceof Response;
}

async function body(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) {
    throw new Error(`The risk module could not be fetched (${response.status}): serve ballast.wasm, or pass its address to Risk.load.`);
  }
  return response.arrayBuffer();
}

async function read(url: URL): Promise<BufferSource | Response> {
  if (url.protocol !== 'file:') return fetch(url);
  // Named so that bundlers for browsers, which never come here, do not look for it.
  const files = 'node:fs/promises';
  const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ files)) as typeof import('node:fs/promises');
  return readFile(url).catch((cause: unknown) => {
    throw new Error('The risk module is not there: build it with `cargo xtask wasm`.', { cause });
  });
}

function list<T>(items: readonly T[], encode: (item: T) => ReadonlyUint8Array[]): ReadonlyUint8Array[] {
  return [getU32Encoder().encode(items.length), ...items.flatMap(encode)];
}

function block(bytes: ReadonlyUint8Array): ReadonlyUint8Array[] {
  return [getU32Encoder().encode(bytes.length), bytes];
}

function modelAndBook(model: RiskModelArgs, book: readonly Exposure[]): ReadonlyUint8Array[] {
  const exposures = list(book, (exposure) => [
    getI128Encoder().encode(exposure.value),
    getU16Encoder().encode(exposure.beta),
    getU16Encoder().encode(exposure.idio),
    getU8Encoder().encode(exposure.group),
  ]);
  return [getRiskModelEncoder().encode(model), ...exposures];
}

function requested(request: TrancheRequest): ReadonlyUint8Array[] {
  return [
    ...modelAndBook(request.model, request.book),
    getTrancheRulesEncoder().encode(request.rules),
    getU32Encoder().encode(request.usable),
    getPaceMeterEncoder().encode(request.meter),
    getU64Encoder().encode(request.now),
    getI128Encoder().encode(request.maximum),
  ];
}

function clockBytes({ slot, unixTimestamp }: Clock): ReadonlyUint8Array[] {
  return [getU64Encoder().encode(slot), getI64Encoder().encode(unixTimestamp)];
}

function accounts(snapshot: Snapshot, changes: readonly Change[]): ReadonlyUint8Array[] {
  const address = getAddressEncoder();
  return [
    address.encode(snapshot.vault.address),
    ...block(snapshot.vault.data),
    ...block(snapshot.obligation.data),
    ...list(snapshot.reserves, (reserve) => [address.encode(reserve.address), ...block(reserve.data)]),
    ...clockBytes(snapshot.clock),
    ...list(changes, (change) => [
      getU8Encoder().encode(ACTS.indexOf(change.act)),
      address.encode(change.reserve),
      getU64Encoder().encode(change.act === 'price' ? change.toPartsPerMillion : change.amount),
    ]),
  ];
}
