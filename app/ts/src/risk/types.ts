/** What goes into the risk module and what comes out. Money is in micro-USD and amounts are in token units, both as `bigint`. */
import { type Address, type ReadonlyUint8Array } from '@solana/kit';
import { type PaceMeterArgs, type RiskModelArgs, type TrancheRulesArgs, type UnitPrice } from '../generated';
import type { Side } from '../positions';

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
