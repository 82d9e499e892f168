/**
 * The insurance fund of a vault: one builder an instruction. `fund` is the asset of the fund's mint in its vault, of which every address of
 * the fund is derived; token accounts of people are associated ones.
 */
import { AccountRole, type Address, type Instruction, type TransactionSigner } from '@solana/kit';
import {
  findClaimAddress,
  findFundAddress,
  findFundTokensAddress,
  findReserveAddress,
  findReserveTokensAddress,
  findRollAddress,
  findStakeAddress,
  findWalletTokensAddress,
  type Asset,
} from './addresses';
import * as generated from './generated';
import { withRemainingAccounts } from './instructions';

/** What `create_fund` takes beside its accounts. */
export type FundRules = generated.FundRulesArgs;

async function fundAccounts({ vault, mint, tokenProgram }: Asset) {
  const fund = await findFundAddress(vault);
  return { vault, fund, mint, tokenProgram, tokens: await findFundTokensAddress(fund) };
}

async function stakeAccounts(owner: TransactionSigner, { vault }: Asset) {
  const fund = await findFundAddress(vault);
  return { owner, fund, stake: await findStakeAddress(fund, owner.address) };
}

/** An owner's associated token account of an asset. */
const walletOf = (owner: Address, { mint, tokenProgram }: Asset) => findWalletTokensAddress(owner, mint, tokenProgram);

/** Gives a vault its fund, by its curator. */
export async function createFund(curator: TransactionSigner, fund: Asset, rules: FundRules): Promise<Instruction> {
  const accounts = await fundAccounts(fund);
  const [reserve, roll] = await Promise.all([findReserveAddress(fund.vault, fund.mint), findRollAddress(accounts.fund)]);
  return generated.getCreateFundInstructionAsync({ curator, ...accounts, reserve, roll, rules });
}

/** Opens the owner's stake, empty. */
export async function openStake(owner: TransactionSigner, fund: Asset): Promise<Instruction> {
  return generated.getOpenStakeInstructionAsync(await stakeAccounts(owner, fund));
}

/** Closes an empty stake and gives its rent back. */
export async function closeStake(owner: TransactionSigner, fund: Asset): Promise<Instruction> {
  return generated.getCloseStakeInstruction(await stakeAccounts(owner, fund));
}

/** Stakes token units of the fund's mint. */
export async function stakeInsurance(owner: TransactionSigner, fund: Asset, amount: bigint | number): Promise<Instruction> {
  const accounts = { ...(await fundAccounts(fund)), ...(await stakeAccounts(owner, fund)) };
  const reserve = await findReserveAddress(fund.vault, fund.mint);
  return generated.getStakeInsuranceInstruction({ ...accounts, reserve, ownerTokens: await walletOf(owner.address, fund), amount });
}

/** Asks to leave with so many shares, which cool down from then on: {@link ALL} for all, 0 to stay after all. */
export async function requestUnstake(owner: TransactionSigner, fund: Asset, shares: bigint | number): Promise<Instruction> {
  return generated.getRequestUnstakeInstruction({ ...(await stakeAccounts(owner, fund)), shares });
}

/** Leaves with what has cooled down. */
export async function unstake(owner: TransactionSigner, fund: Asset): Promise<Instruction> {
  const accounts = { ...(await fundAccounts(fund)), ...(await stakeAccounts(owner, fund)) };
  return generated.getUnstakeInstruction({ ...accounts, ownerTokens: await walletOf(owner.address, fund) });
}

/** Moves insurance in kind beyond its target from the reserve into the fund. Anybody may. */
export async function collectInsurance(fund: Asset): Promise<Instruction> {
  const { tokens: fundTokens, ...accounts } = await fundAccounts(fund);
  const reserve = await findReserveAddress(fund.vault, fund.mint);
  return generated.getCollectInsuranceInstruction({ ...accounts, fundTokens, reserve, tokens: await findReserveTokensAddress(reserve) });
}

/** What somebody repays of a loss. */
export type Cover = {
  /** Who signs, pays and is paid. */
  readonly payer: TransactionSigner;
  /** The asset whose lenders lost. */
  readonly lost: Asset;
  /** Most token units of it to repay. */
  readonly amount: bigint | number;
  /** Fewest token units of the fund's mint to be paid. */
  readonly minPaid: bigint | number;
  /** Number of a claim that passed; none for automatic cover. */
  readonly claim?: bigint | number;
};

/** Repays lost debt and is paid by the fund. */
export async function coverLoss(fund: Asset, { payer, lost, amount, minPaid, claim }: Cover): Promise<Instruction> {
  const paid = await fundAccounts(fund);
  const [fundReserve, reserve] = await Promise.all([fund, lost].map(({ mint }) => findReserveAddress(fund.vault, mint)));
  return generated.getCoverLossInstruction({
    payer,
    vault: fund.vault,
    fund: paid.fund,
    ...(claim === undefined ? {} : { claim: await findClaimAddress(paid.fund, claim) }),
    fundReserve: fundReserve!,
    reserve: reserve!,
    mint: lost.mint,
    tokens: await findReserveTokensAddress(reserve!),
    payerTokens: await walletOf(payer.address, lost),
    tokenProgram: lost.tokenProgram,
    fundMint: fund.mint,
    fundTokens: paid.tokens,
    payerFundTokens: await walletOf(payer.address, fund),
    fundTokenProgram: fund.tokenProgram,
    amount,
    minPaid,
  });
}

/** Puts a vote account on the roll, by the node identity that it names. */
export async function enrollValidator(identity: TransactionSigner, vault: Address, voteAccount: Address): Promise<Instruction> {
  const roll = await findRollAddress(await findFundAddress(vault));
  return generated.getEnrollValidatorInstruction({ identity, roll, voteAccount });
}

/** Takes a vote account off the roll, by the node identity that it names. */
export async function leaveRoll(identity: TransactionSigner, vault: Address, voteAccount: Address): Promise<Instruction> {
  const roll = await findRollAddress(await findFundAddress(vault));
  return generated.getLeaveRollInstruction({ identity, roll, voteAccount });
}

/** Calls the roll for vote accounts on it, in the epoch in which a claim is to be opened. Anybody may. */
export async function callRoll(vault: Address, voteAccounts: readonly Address[]): Promise<Instruction> {
  const roll = await findRollAddress(await findFundAddress(vault));
  const called = voteAccounts.map((address) => ({ address, role: AccountRole.READONLY }));
  return withRemainingAccounts(generated.getCallRollInstruction({ roll }), called);
}

/** Opens a claim for micro-USD of recorded losses of the asset that lost; takes a bond. `number`: one more than the fund's `lastClaim`. */
export async function openClaim(
  opener: TransactionSigner,
  fund: Asset,
  lost: Asset,
  number: bigint | number,
  value: bigint | number,
): Promise<Instruction> {
  const accounts = await fundAccounts(fund);
  return generated.getOpenClaimInstruction({
    opener,
    ...accounts,
    roll: await findRollAddress(accounts.fund),
    reserve: await findReserveAddress(fund.vault, fund.mint),
    lost: await findReserveAddress(lost.vault, lost.mint),
    claim: await findClaimAddress(accounts.fund, number),
    openerTokens: await walletOf(opener.address, fund),
    value,
  });
}

/** Votes on a claim, by a node identity of its electorate. */
export async function voteClaim(identity: TransactionSigner, vault: Address, number: bigint | number, yes: boolean): Promise<Instruction> {
  const claim = await findClaimAddress(await findFundAddress(vault), number);
  return generated.getVoteClaimInstruction({ identity, claim, yes });
}

/** Settles a claim whose vote is over or decided. `opener`: who gets the bond of a claim that passed. Anybody may. */
export async function settleClaim(fund: Asset, number: bigint | number, opener?: Address): Promise<Instruction> {
  const accounts = await fundAccounts(fund);
  const claim = await findClaimAddress(accounts.fund, number);
  const bond = opener && { openerTokens: await walletOf(opener, fund) };
  return generated.getSettleClaimInstruction({ ...accounts, claim, ...bond });
}

/** Closes a claim that is done with. `opener`: who opened it and gets the rent; `paysBond`: whether a bond is still owed. Anybody may. */
export async function closeClaim(fund: Asset, number: bigint | number, opener: Address, paysBond = false): Promise<Instruction> {
  const accounts = await fundAccounts(fund);
  const claim = await findClaimAddress(accounts.fund, number);
  const bond = paysBond && { openerTokens: await walletOf(opener, fund) };
  return generated.getCloseClaimInstruction({ ...accounts, claim, opener, ...bond });
}
