/** Refreshes and the action that needs them, in as few transactions as hold them. */
import {
  appendTransactionMessageInstructions,
  compressTransactionMessageUsingAddressLookupTables,
  createTransactionMessage,
  getTransactionMessageSize,
  pipe,
  setTransactionMessageFeePayer,
  type Address,
  type Instruction,
  type ReadonlyUint8Array,
} from '@solana/kit';
import { refreshReserves, type PricedReserve } from './instructions';
import { feedsOf, type Located } from './positions';
import type { Reserve } from './generated';
import type { LookupTables } from './tables';

/** Where a feed's price is on the cluster: {@link findPythPriceAddress} on real ones. */
export type PriceAccountOf = (feedId: ReadonlyUint8Array) => Address | Promise<Address>;

/** Bytes of the largest transaction. */
export const TRANSACTION_BYTES = 1_232;

/** Bytes kept for the compute budget's instructions and its program. */
const BUDGET_BYTES = 64;

/** Most accounts of a transaction. */
export const TRANSACTION_ACCOUNTS = 64;

/** Accounts kept for the compute budget's program. */
const BUDGET_ACCOUNTS = 1;

/** Pairs reserves with the price accounts that a refresh of them reads. */
export function priced(reserves: readonly Located<Reserve>[], priceAccountOf: PriceAccountOf): Promise<PricedReserve[]> {
  return Promise.all(
    reserves.map(async ({ address, data }) => ({
      reserve: address,
      prices: await Promise.all(feedsOf(data).map(async (feed) => priceAccountOf(feed))),
    })),
  );
}

/**
 * The transactions of an action that needs fresh prices, in the order in which they have to land: refreshes first, the action last and with
 * as many refreshes as fit. One transaction wherever it holds them all. Prices stay fresh for ten seconds. With `tables`, addresses that they
 * hold take a byte instead of 32: compress the messages with kit's `compressTransactionMessageUsingAddressLookupTables` and the same tables.
 */
export function bundle(
  feePayer: Address,
  vault: Address,
  reserves: readonly PricedReserve[],
  action: readonly Instruction[],
  tables: LookupTables = {},
): Instruction[][] {
  const fits = (instructions: readonly Instruction[]) =>
    countAccounts(feePayer, instructions) + BUDGET_ACCOUNTS <= TRANSACTION_ACCOUNTS &&
    transactionBytes(feePayer, instructions, tables) + BUDGET_BYTES <= TRANSACTION_BYTES;
  if (!fits(action)) {
    throw new Error('The action alone is larger than a transaction: split it, or send it with an address lookup table.');
  }
  const transactions: Instruction[][] = [];
  let held: PricedReserve[] = [];
  let rest: readonly Instruction[] = action;
  // From the last to the first, so that the transaction of the action is as full as it gets.
  for (const reserve of [...reserves].reverse()) {
    const more = [reserve, ...held];
    if (fits([refreshReserves(vault, more), ...rest])) {
      held = more;
      continue;
    }
    transactions.unshift([...(held.length > 0 ? [refreshReserves(vault, held)] : []), ...rest]);
    [held, rest] = [[reserve], []];
  }
  transactions.unshift([...(held.length > 0 ? [refreshReserves(vault, held)] : []), ...rest]);
  return transactions;
}

/** Bytes of a signed transaction of these instructions, with what these tables hold looked up. Throws beyond {@link TRANSACTION_ACCOUNTS}. */
export function transactionBytes(feePayer: Address, instructions: readonly Instruction[], tables: LookupTables = {}): number {
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (empty) => setTransactionMessageFeePayer(feePayer, empty),
    (paid) => appendTransactionMessageInstructions(instructions, paid),
  );
  return getTransactionMessageSize(compressTransactionMessageUsingAddressLookupTables(message, tables) as typeof message);
}

/** Accounts that a transaction of these instructions locks. */
function countAccounts(feePayer: Address, instructions: readonly Instruction[]): number {
  const named = instructions.flatMap(({ programAddress, accounts = [] }) => [programAddress, ...accounts.map(({ address }) => address)]);
  return new Set([feePayer, ...named]).size;
}
