/**
 * One builder an instruction of a vault's daily life. Each derives its own accounts and appends the remaining ones; token accounts
 * outside the vault are associated ones. The generated builders below them take every account by hand.
 */
import { AccountRole, type AccountMeta, type Address, type Instruction, type TransactionSigner } from '@solana/kit';
import {
  findAttestationAddress,
  findAuditAddress,
  findChangeAddress,
  findObligationAddress,
  findReserveAddress,
  findReserveTokensAddress,
  findVaultAddress,
  findWalletTokensAddress,
  type Asset,
} from './addresses';
import * as generated from './generated';

/** All of a position, as an amount. */
export const ALL = 0xffff_ffff_ffff_ffffn;

/** What `create_vault` takes beside its accounts. */
export type VaultConfig = Pick<
  generated.CreateVaultAsyncInput,
  'id' | 'guardian' | 'feeRecipient' | 'model' | 'rules' | 'caps' | 'thresholds' | 'timelock'
>;

/** What `add_reserve` takes beside its accounts. */
export type ReserveConfig = generated.ReserveConfigArgs;

/** An instruction with more accounts after its own. */
export function withRemainingAccounts(instruction: Instruction, remaining: readonly AccountMeta[]): Instruction {
  return Object.freeze({ ...instruction, accounts: [...(instruction.accounts ?? []), ...remaining] });
}

function readonlyAccounts(addresses: readonly Address[]): AccountMeta[] {
  return addresses.map((address) => ({ address, role: AccountRole.READONLY }));
}

function writableAccounts(addresses: readonly Address[]): AccountMeta[] {
  return addresses.map((address) => ({ address, role: AccountRole.WRITABLE }));
}

/** Creates a vault, whose curator the creator becomes. */
export async function createVault(creator: TransactionSigner, config: VaultConfig): Promise<Instruction> {
  const vault = await findVaultAddress(creator.address, config.id);
  return generated.getCreateVaultInstructionAsync({ creator, vault, ...config });
}

/** Adds an asset to a vault: freely while the vault is set up, afterwards by executing the proposal of exactly this asset and config. */
export async function addReserve(
  curator: TransactionSigner,
  asset: Asset,
  config: ReserveConfig,
  proposal?: Proposal,
): Promise<Instruction> {
  const proposed = proposal && { change: await findChangeAddress(proposal.vault, proposal.number), proposer: proposal.proposer };
  return generated.getAddReserveInstructionAsync({ curator, ...asset, config, ...proposed });
}

/** A proposed change, as its execution or cancellation names it. */
export type Proposal = {
  /** The vault. */
  readonly vault: Address;
  /** Its number: at the time of proposing, one more than the vault's `lastChange`. */
  readonly number: bigint | number;
  /** The reserve that it is about; none for the vault. */
  readonly reserve?: Address;
  /** Who proposed it, and gets the rent back. */
  readonly proposer: Address;
};

async function accountsOfChange({ vault, number, reserve, proposer }: Proposal) {
  return { vault, change: await findChangeAddress(vault, number), proposer, ...(reserve ? { reserve } : {}) };
}

/** Proposes a change, by the curator, whom the proposal names as its proposer. */
export async function proposeChange(
  curator: TransactionSigner,
  proposal: Omit<Proposal, 'proposer'>,
  proposed: generated.ProposedChangeArgs,
): Promise<Instruction> {
  const { proposer: _, ...accounts } = await accountsOfChange({ ...proposal, proposer: curator.address });
  return generated.getProposeChangeInstruction({ curator, ...accounts, proposed });
}

/** Executes a change that is ripe. `reserves`: for a model, all of the vault's in its order; otherwise none. */
export async function executeChange(
  executor: TransactionSigner,
  proposal: Proposal,
  reserves: readonly Address[] = [],
): Promise<Instruction> {
  const instruction = generated.getExecuteChangeInstruction({ executor, ...(await accountsOfChange(proposal)) });
  return withRemainingAccounts(instruction, readonlyAccounts(reserves));
}

/** Cancels a change, by the curator or the guardian. */
export async function cancelChange(signer: TransactionSigner, proposal: Proposal): Promise<Instruction> {
  const { reserve: _, ...accounts } = await accountsOfChange(proposal);
  return generated.getCancelChangeInstruction({ signer, ...accounts });
}

/** Opens a vault for deposits: proposes that and executes it. `number`: one more than the vault's `lastChange`, 1 for a new vault. */
export async function openVault(curator: TransactionSigner, vault: Address, number: bigint | number): Promise<Instruction[]> {
  const proposal = { vault, number, proposer: curator.address };
  return [await proposeChange(curator, proposal, { __kind: 'Open' }), await executeChange(curator, proposal)];
}

/** Opens the owner's obligation of this number. */
export async function openObligation(owner: TransactionSigner, vault: Address, id: number): Promise<Instruction> {
  const obligation = await findObligationAddress(vault, owner.address, id);
  return generated.getOpenObligationInstructionAsync({ owner, vault, obligation, id });
}

/** Closes an obligation without positions. */
export function closeObligation(owner: TransactionSigner, obligation: Address): Instruction {
  return generated.getCloseObligationInstruction({ owner, obligation });
}

/** What `deposit`, `withdraw` and `borrow` have in common. */
export type Move = {
  /** The obligation's owner, who signs. */
  readonly owner: TransactionSigner;
  /** The obligation. */
  readonly obligation: Address;
  /** What is moved. */
  readonly asset: Asset;
  /** Token units. */
  readonly amount: bigint | number;
  /** Reserves of the positions after it, in order: see {@link reservesWith} and {@link reservesWithout}. */
  readonly reserves?: readonly Address[];
};

async function accountsOf({ owner, obligation, asset, amount }: Move) {
  const reserve = await findReserveAddress(asset.vault, asset.mint);
  const [tokens, ownerTokens] = await Promise.all([
    findReserveTokensAddress(reserve),
    findWalletTokensAddress(owner.address, asset.mint, asset.tokenProgram),
  ]);
  return { owner, obligation, reserve, tokens, ownerTokens, amount, ...asset };
}

/** Deposits. `reserves` lets a deposit that heals an obligation pass where caps and breakers would refuse it. */
export async function deposit(move: Move): Promise<Instruction> {
  const instruction = generated.getDepositInstruction(await accountsOf(move));
  return withRemainingAccounts(instruction, readonlyAccounts(move.reserves ?? []));
}

/** Withdraws; {@link ALL} for all. `reserves` are needed where the obligation has debt. */
export async function withdraw(move: Move): Promise<Instruction> {
  const instruction = generated.getWithdrawInstruction(await accountsOf(move));
  return withRemainingAccounts(instruction, readonlyAccounts(move.reserves ?? []));
}

/** Borrows. `reserves` are those of all positions, the new debt's among them. */
export async function borrow(move: Move & { readonly reserves: readonly Address[] }): Promise<Instruction> {
  const instruction = generated.getBorrowInstruction(await accountsOf(move));
  return withRemainingAccounts(instruction, readonlyAccounts(move.reserves));
}

/** Repays any obligation's debt; {@link ALL} for all. */
export async function repay(
  payer: TransactionSigner,
  obligation: Address,
  asset: Asset,
  amount: bigint | number,
): Promise<Instruction> {
  const { ownerTokens, ...accounts } = await accountsOf({ owner: payer, obligation, asset, amount });
  return generated.getRepayInstruction({ ...accounts, payer, payerTokens: ownerTokens });
}

/** A reserve with the price accounts that it reads: one, or the base's and the rate's. */
export type PricedReserve = {
  /** The reserve. */
  readonly reserve: Address;
  /** Its price accounts, in order. */
  readonly prices: readonly Address[];
};

/** Takes newer prices for reserves of a vault. Anybody may. */
export function refreshReserves(vault: Address, reserves: readonly PricedReserve[]): Instruction {
  const remaining = reserves.flatMap(({ reserve, prices }) => [...writableAccounts([reserve]), ...readonlyAccounts(prices)]);
  return withRemainingAccounts(generated.getRefreshReservesInstruction({ vault }), remaining);
}

/** Scores an obligation and stores the result for readers. `reserves` as {@link reservesOf} gives them. Anybody may. */
export function refreshObligation(vault: Address, obligation: Address, reserves: readonly Address[]): Instruction {
  const instruction = generated.getRefreshObligationInstruction({ vault, obligation });
  return withRemainingAccounts(instruction, readonlyAccounts(reserves));
}

/** What a liquidator asks for. */
export type Tranche = {
  /** Who signs, pays and is paid. */
  readonly liquidator: TransactionSigner;
  /** The obligation. */
  readonly obligation: Address;
  /** Asset repaid. */
  readonly debt: Asset;
  /** Asset sold. */
  readonly deposit: Asset;
  /** Reserves of all positions, as {@link reservesOf} gives them. */
  readonly reserves: readonly Address[];
  /** Most token units to repay. */
  readonly maxRepay: bigint | number;
  /** Fewest token units to receive. */
  readonly minReceived: bigint | number;
  /** A debt-free obligation of the liquidator, for payment in shares where tokens are short. */
  readonly sharesTo?: Address;
  /** Token accounts of the book's reserves that are frozen: their debts do not count as better pairs then. */
  readonly frozen?: readonly Address[];
  /** The vault's insurance fund, where it has one: what lenders lose is written down there. */
  readonly fund?: Address;
};

/** Repays a part of a debt for a part of a deposit with a bonus. */
export async function softLiquidate(tranche: Tranche): Promise<Instruction> {
  const { liquidator, obligation, maxRepay, minReceived, sharesTo } = tranche;
  const side = (asset: Asset) => accountsOf({ owner: liquidator, obligation, asset, amount: 0 });
  const [debt, sold] = await Promise.all([side(tranche.debt), side(tranche.deposit)]);
  const instruction = generated.getSoftLiquidateInstruction({
    liquidator,
    vault: tranche.debt.vault,
    obligation,
    ...(sharesTo ? { sharesTo } : {}),
    debtReserve: debt.reserve,
    debtMint: debt.mint,
    debtTokens: debt.tokens,
    liquidatorDebtTokens: debt.ownerTokens,
    debtTokenProgram: debt.tokenProgram,
    depositReserve: sold.reserve,
    depositMint: sold.mint,
    depositTokens: sold.tokens,
    liquidatorDepositTokens: sold.ownerTokens,
    depositTokenProgram: sold.tokenProgram,
    maxRepay,
    minReceived,
  });
  const shown = readonlyAccounts([...tranche.reserves, ...(tranche.frozen ?? [])]);
  return withRemainingAccounts(instruction, [...shown, ...writableAccounts(tranche.fund ? [tranche.fund] : [])]);
}

/** Pays a reserve's fees to the recipient's associated token account. Anybody may. */
export async function collectFees(asset: Asset, recipient: Address): Promise<Instruction> {
  const reserve = await findReserveAddress(asset.vault, asset.mint);
  return generated.getCollectFeesInstruction({
    ...asset,
    reserve,
    tokens: await findReserveTokensAddress(reserve),
    recipientTokens: await findWalletTokensAddress(recipient, asset.mint, asset.tokenProgram),
  });
}

/** Shows on chain that the tokens of a slice of a vault's assets are there. Anybody may. */
export async function attestSolvency(vault: Address, assets: readonly Asset[]): Promise<Instruction> {
  const pairs = assets.map(async (asset) => {
    const reserve = await findReserveAddress(vault, asset.mint);
    return [reserve, await findReserveTokensAddress(reserve)];
  });
  const attestation = await findAttestationAddress(vault);
  const instruction = await generated.getAttestSolvencyInstructionAsync({ vault, attestation });
  return withRemainingAccounts(instruction, readonlyAccounts((await Promise.all(pairs)).flat()));
}

/** Begins an audit of a vault's books. */
export async function beginAudit(vault: Address): Promise<Instruction> {
  const audit = await findAuditAddress(vault);
  const { accounts, ...rest } = generated.getAuditBookInstruction({ vault, audit, step: generated.AuditStep.Begin });
  // Writable in this step alone, which an interface cannot say.
  return { ...rest, accounts: accounts.map((meta) => (meta.address === vault ? { ...meta, role: AccountRole.WRITABLE } : meta)) };
}

/** Counts an obligation in the running audit; `reserves` as {@link reservesOf} gives them. */
export async function countObligation(vault: Address, obligation: Address, reserves: readonly Address[]): Promise<Instruction> {
  const audit = await findAuditAddress(vault);
  const instruction = generated.getAuditBookInstruction({ vault, audit, obligation, step: generated.AuditStep.Count });
  return withRemainingAccounts(instruction, writableAccounts(reserves));
}

/** Compares what the running audit counted with a slice of a vault's reserves. */
export async function finishAudit(vault: Address, reserves: readonly Address[]): Promise<Instruction> {
  const audit = await findAuditAddress(vault);
  const instruction = generated.getAuditBookInstruction({ vault, audit, step: generated.AuditStep.Finish });
  return withRemainingAccounts(instruction, writableAccounts(reserves));
}

/** Brings the account of an older version of the program up to date: a reserve or an obligation, or without one the vault. Anybody may. */
export function migrateAccount(payer: TransactionSigner, vault: Address, account?: Address): Instruction {
  return generated.getMigrateAccountInstruction({ payer, vault, ...(account ? { account } : {}) });
}
