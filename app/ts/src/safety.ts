/** What keeps a vault safe: breakers, the guardian's tightening, losses. */
import { AccountRole, type Address, type Instruction, type TransactionSigner } from '@solana/kit';
import { findAttestationAddress, findReserveAddress, findReserveTokensAddress, type Asset } from './addresses';
import * as generated from './generated';
import { withRemainingAccounts } from './instructions';

/** The same instruction with its vault writable, which an interface cannot say: for what changes the vault's own breaker. */
export function writingVault(instruction: Instruction): Instruction {
  const [vault, ...rest] = instruction.accounts ?? [];
  return vault ? Object.freeze({ ...instruction, accounts: [{ ...vault, role: AccountRole.WRITABLE }, ...rest] }) : instruction;
}

/** Trips a breaker with a signal of one reserve, which the program checks itself; `VaultDeficit` trips the vault's. Anybody may. */
export async function tripReserve(asset: Asset, signal: generated.Signal): Promise<Instruction> {
  const { Deficit, Frozen, VaultDeficit } = generated.Signal;
  const reserve = await findReserveAddress(asset.vault, asset.mint);
  const tokens = [Deficit, Frozen, VaultDeficit].includes(signal) ? { tokens: await findReserveTokensAddress(reserve) } : {};
  const instruction = generated.getTripBreakerInstruction({ vault: asset.vault, reserve, ...tokens, signal });
  return signal === VaultDeficit ? writingVault(instruction) : instruction;
}

/** Trips the vault's breaker with a signal of the whole vault. `reserves`: all of the vault's, in its order. Anybody may. */
export async function tripVault(vault: Address, signal: generated.Signal, reserves: readonly Address[]): Promise<Instruction> {
  const attested = signal === generated.Signal.VaultAttestation ? { attestation: await findAttestationAddress(vault) } : {};
  const instruction = writingVault(generated.getTripBreakerInstruction({ vault, ...attested, signal }));
  return withRemainingAccounts(
    instruction,
    reserves.map((address) => ({ address, role: AccountRole.READONLY })),
  );
}

/** Steps the breaker of a reserve, or without one the vault's, down once it has expired. Anybody may. */
export function stepBreaker(vault: Address, reserve?: Address): Instruction {
  const instruction = generated.getStepBreakerInstruction({ vault, ...(reserve ? { reserve } : {}) });
  return reserve ? instruction : writingVault(instruction);
}

/** Raises the breaker of a reserve, or without one the vault's, for so many seconds, by the guardian. */
export function tighten(
  guardian: TransactionSigner,
  vault: Address,
  to: generated.TightenTo,
  seconds: bigint | number,
  reserve?: Address,
): Instruction {
  const instruction = generated.getTightenInstruction({ guardian, vault, ...(reserve ? { reserve } : {}), to, seconds });
  return reserve ? instruction : writingVault(instruction);
}

/**
 * Writes off what nobody will repay of an obligation without deposits. `reserves` as {@link reservesOf} gives them; `fund`: the vault's
 * insurance fund, where it has one.
 */
export function absorbLoss(
  caller: TransactionSigner,
  vault: Address,
  obligation: Address,
  reserves: readonly Address[],
  fund?: Address,
): Instruction {
  const written = [...reserves, ...(fund ? [fund] : [])].map((address) => ({ address, role: AccountRole.WRITABLE }));
  return withRemainingAccounts(generated.getAbsorbLossInstruction({ caller, vault, obligation }), written);
}

/** A tranche of a book that it may leave without deposits: what it still owes is absorbed by these reserves then. */
export function absorbing(tranche: Instruction, reserves: readonly Address[]): Instruction {
  const accounts = (tranche.accounts ?? []).map((meta) =>
    reserves.includes(meta.address) ? { ...meta, role: AccountRole.WRITABLE } : meta,
  );
  return Object.freeze({ ...tranche, accounts });
}
