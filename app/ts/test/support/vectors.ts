/** `vectors.json`, which a Rust test writes and checks: what the risk crate makes of random books, prices and ledgers. */
import { readFileSync } from 'node:fs';
import { getBase16Encoder } from '@solana/kit';

export type Outcome<T> = { ok: T } | { refused: string };
export type Json = Record<string, unknown>;
export type Side = { value: string; beta: number; idio: number; group: number };

export type Vectors = {
  addresses: Record<string, string>;
  instructions: Record<string, { data: string; accounts: string[] }>;
  presets: { name: string; model: string; vault: string; reserves: { kind: string; config: string }[] }[];
  books: {
    preset: string;
    book: Side[];
    score: Outcome<Json>;
    opening: Outcome<Json>;
    explanation: Outcome<Json>;
    after: { debt: number; deposit: number; repay: string; bonus: number; score: Outcome<Json> };
    tranche: {
      rules: string;
      curves: string[];
      buckets: string[];
      usable: number;
      meter: string;
      now: number;
      maximum: string;
      plan: Outcome<Json>;
      best: Outcome<{ debt: number; deposit: number; plan: Json } | null>;
    };
  }[];
  prices: {
    price: string;
    confidence: string;
    ema: string;
    exponent: number;
    decimals: number;
    confidenceFactor: number;
    amount: string;
    value: string;
    prices: Outcome<{ spot: string; low: string; high: string }>;
    converted: Outcome<Json>;
  }[];
  ledgers: {
    ledger: string;
    split: string;
    now: number;
    depositShares: string;
    debtShares: string;
    later: string;
    deposited: string;
    owed: string;
  }[];
};

export const vectors = JSON.parse(readFileSync(new URL('../vectors.json', import.meta.url), 'utf8')) as Vectors;

/** Bytes written as hexadecimal. */
export function bytes(hex: string): Uint8Array {
  return new Uint8Array(getBase16Encoder().encode(hex));
}
