/** Address lookup tables, so that the refreshes of a large book and its action fit one transaction. */
import { getCreateLookupTableInstructionAsync, getExtendLookupTableInstruction } from '@solana-program/address-lookup-table';
import { isSignerRole, type Address, type AddressesByLookupTableAddress, type Instruction, type TransactionSigner } from '@solana/kit';

/** Tables with what they hold, as kit's `fetchAddressesForLookupTables` reads them. */
export type LookupTables = AddressesByLookupTableAddress;

/** Addresses added by one transaction: what fits it without a table. */
const ADDRESSES_AT_ONCE = 20;

/** Most addresses of a table. */
const MOST = 256;

/** The addresses of these instructions that tables can hold and these do not: neither signers' nor of programs that are called. */
export function addressesForTables(instructions: readonly Instruction[], tables: LookupTables = {}): Address[] {
  const programs = new Set(instructions.map(({ programAddress }) => programAddress));
  const held = new Set(Object.values(tables).flat());
  const wanted = instructions.flatMap(({ accounts = [] }) => accounts).filter(({ role }) => !isSignerRole(role));
  const signing = instructions.flatMap(({ accounts = [] }) => accounts).filter(({ role }) => isSignerRole(role));
  const excluded = new Set([...programs, ...held, ...signing.map(({ address }) => address)]);
  return [...new Set(wanted.map(({ address }) => address))].filter((address) => !excluded.has(address));
}

/** A table that is to be made. */
export type NewTable = {
  /** Where it will be. */
  readonly table: Address;
  /** What makes and fills it, in order: one transaction each. Its addresses count from the slot after the last one on. */
  readonly transactions: readonly Instruction[][];
};

/** Makes a lookup table of `authority`, who pays, with these addresses. `recentSlot`: a slot whose hash the cluster knows, such as the clock's. */
export async function createTable(
  authority: TransactionSigner,
  recentSlot: bigint | number,
  addresses: readonly Address[],
): Promise<NewTable> {
  if (addresses.length > MOST) throw new Error(`A lookup table takes ${MOST} addresses, not ${addresses.length}: make several.`);
  const create = await getCreateLookupTableInstructionAsync({ authority: authority.address, payer: authority, recentSlot });
  const table = create.accounts[0].address;
  return { table, transactions: [[create], ...extendTable(authority, table, addresses)] };
}

/** Adds addresses to a table of `authority`, who pays: one transaction each, in order. */
export function extendTable(authority: TransactionSigner, table: Address, addresses: readonly Address[]): Instruction[][] {
  const parts = Array.from({ length: Math.ceil(addresses.length / ADDRESSES_AT_ONCE) }, (_, part) =>
    addresses.slice(part * ADDRESSES_AT_ONCE, (part + 1) * ADDRESSES_AT_ONCE),
  );
  return parts.map((part) => [getExtendLookupTableInstruction({ address: table, authority, payer: authority, addresses: part })]);
}
