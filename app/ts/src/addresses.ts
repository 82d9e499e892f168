/** Addresses of the program's accounts. The seeds are those of `programs/ballast/src/constants.rs`. */
import {
  getAddressEncoder,
  getProgramDerivedAddress,
  getU16Encoder,
  getU64Encoder,
  getUtf8Encoder,
  type Address,
  type ReadonlyUint8Array,
} from '@solana/kit';
import { BALLAST_PROGRAM_ADDRESS } from './generated/programs';

/** The associated-token-account program. */
export const ASSOCIATED_TOKEN_PROGRAM_ADDRESS =
  'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL' as Address<'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL'>;

/** Pyth's program that owns the price accounts which Pyth itself keeps up to date. */
export const PYTH_PUSH_ORACLE_ADDRESS =
  'pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT' as Address<'pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT'>;

const addressBytes = getAddressEncoder();
const u64Bytes = getU64Encoder();

async function derive(
  seeds: (string | ReadonlyUint8Array)[],
  programAddress: Address = BALLAST_PROGRAM_ADDRESS,
): Promise<Address> {
  const bytes = seeds.map((seed) => (typeof seed === 'string' ? getUtf8Encoder().encode(seed) : seed));
  const [address] = await getProgramDerivedAddress({ programAddress, seeds: bytes });
  return address;
}

/** The vault that `creator` made with this number. */
export function findVaultAddress(creator: Address, id: bigint | number): Promise<Address> {
  return derive(['vault', addressBytes.encode(creator), u64Bytes.encode(id)]);
}

/** A vault's solvency report. */
export function findAttestationAddress(vault: Address): Promise<Address> {
  return derive(['attestation', addressBytes.encode(vault)]);
}

/** A vault's audit report. */
export function findAuditAddress(vault: Address): Promise<Address> {
  return derive(['audit', addressBytes.encode(vault)]);
}

/** A vault's proposed change of this number; a new one is `lastChange + 1` of the vault's account. */
export function findChangeAddress(vault: Address, number: bigint | number): Promise<Address> {
  return derive(['change', addressBytes.encode(vault), u64Bytes.encode(number)]);
}

/** The reserve of a mint in a vault. */
export function findReserveAddress(vault: Address, mint: Address): Promise<Address> {
  return derive(['reserve', addressBytes.encode(vault), addressBytes.encode(mint)]);
}

/** A reserve's token account. */
export function findReserveTokensAddress(reserve: Address): Promise<Address> {
  return derive(['tokens', addressBytes.encode(reserve)]);
}

/** An owner's obligation of this number in a vault. */
export function findObligationAddress(vault: Address, owner: Address, id: number): Promise<Address> {
  return derive(['obligation', addressBytes.encode(vault), addressBytes.encode(owner), getU16Encoder().encode(id)]);
}

/** A vault's insurance fund. */
export function findFundAddress(vault: Address): Promise<Address> {
  return derive(['fund', addressBytes.encode(vault)]);
}

/** A fund's token account. */
export function findFundTokensAddress(fund: Address): Promise<Address> {
  return derive(['fund_tokens', addressBytes.encode(fund)]);
}

/** A fund's roll of validators. */
export function findRollAddress(fund: Address): Promise<Address> {
  return derive(['roll', addressBytes.encode(fund)]);
}

/** An owner's stake in a fund. */
export function findStakeAddress(fund: Address, owner: Address): Promise<Address> {
  return derive(['stake', addressBytes.encode(fund), addressBytes.encode(owner)]);
}

/** A fund's claim of this number; the first is 1, a new one is `claims + 1` of the fund's account. */
export function findClaimAddress(fund: Address, number: bigint | number): Promise<Address> {
  return derive(['claim', addressBytes.encode(fund), u64Bytes.encode(number)]);
}

/** An owner's associated token account of a mint. */
export function findWalletTokensAddress(owner: Address, mint: Address, tokenProgram: Address): Promise<Address> {
  const seeds = [owner, tokenProgram, mint].map((address) => addressBytes.encode(address));
  return derive(seeds, ASSOCIATED_TOKEN_PROGRAM_ADDRESS);
}

/** The account in which Pyth keeps a feed's price on real clusters; `shard` is 0 for the feeds that Pyth sponsors. */
export function findPythPriceAddress(feedId: ReadonlyUint8Array, shard = 0): Promise<Address> {
  return derive([getU16Encoder().encode(shard), feedId], PYTH_PUSH_ORACLE_ADDRESS);
}

/** A token in a vault. */
export type Asset = {
  /** The vault. */
  readonly vault: Address;
  /** The token's mint. */
  readonly mint: Address;
  /** The mint's token program. */
  readonly tokenProgram: Address;
};
