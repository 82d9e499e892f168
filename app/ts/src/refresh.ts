/** Refreshes and the action that needs them, in as few transactions as hold them. */
import { isSignerRole, type Address, type Instruction, type ReadonlyUint8Array } from '@solana/kit';
import { refreshReserves, type PricedReserve } from './instructions';
import { feedsOf, type Located } from './positions';
import type { Reserve } from './generated';

/** Where a feed's price is on the cluster: {@link findPythPriceAddress} on real ones. */
export type PriceAccountOf = (feedId: ReadonlyUint8Array) => Address | Promise<Address>;

/** Bytes of the largest transaction. */
export const TRANSACTION_BYTES = 1_232;

/** Bytes kept for the compute budget's instructions and its program. */
const BUDGET_BYTES = 64;

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
 * as many refreshes as fit. One transaction wherever it holds them all. Prices stay fresh for ten seconds.
 */
export function bundle(
  feePayer: Address,
  vault: Address,
  reserves: readonly PricedReserve[],
  action: readonly Instruction[],
): Instruction[][] {
  if (transactionBytes(feePayer, action) + BUDGET_BYTES > TRANSACTION_BYTES) {
    throw new Error('The action alone is larger than a transaction: split it, or send it with an address lookup table.');
  }
  const transactions: Instruction[][] = [];
  let held: PricedReserve[] = [];
  let rest: readonly Instruction[] = action;
  // From the last to the first, so that the transaction of the action is as full as it gets.
  for (const reserve of [...reserves].reverse()) {
    const more = [reserve, ...held];
    if (transactionBytes(feePayer, [refreshReserves(vault, more), ...rest]) + BUDGET_BYTES <= TRANSACTION_BYTES) {
      held = more;
      continue;
    }
    transactions.unshift([...(held.length > 0 ? [refreshReserves(vault, held)] : []), ...rest]);
    [held, rest] = [[reserve], []];
  }
  transactions.unshift([...(held.length > 0 ? [refreshReserves(vault, held)] : []), ...rest]);
  return transactions;
}

/** Bytes of a signed transaction of these instructions without lookup tables. */
export function transactionBytes(feePayer: Address, instructions: readonly Instruction[]): number {
  const accounts = new Set<Address>([feePayer]);
  const signers = new Set<Address>([feePayer]);
  let bytes = 0;
  for (const { programAddress, accounts: metas = [], data } of instructions) {
    accounts.add(programAddress);
    for (const meta of metas) {
      accounts.add(meta.address);
      if (isSignerRole(meta.role)) signers.add(meta.address);
    }
    const length = data?.length ?? 0;
    bytes += 1 + countBytes(metas.length) + metas.length + countBytes(length) + length;
  }
  // Signatures, version, header, accounts, blockhash, instructions, no lookup tables.
  bytes += countBytes(signers.size) + 64 * signers.size + 1 + 3 + countBytes(accounts.size) + 32 * accounts.size;
  return bytes + 32 + countBytes(instructions.length) + 1;
}

/** Bytes of a count: seven bits each. */
function countBytes(count: number): number {
  return count < 0x80 ? 1 : count < 0x4000 ? 2 : 3;
}
