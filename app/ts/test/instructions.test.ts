/** Every instruction is built as the Rust client builds it: same data, same accounts, same permissions. */
import {
  createNoopSigner,
  getAddressDecoder,
  getBase16Decoder,
  isSignerRole,
  isWritableRole,
  type Address,
  type Instruction,
} from '@solana/kit';
import { beforeAll, expect, test } from 'vitest';
import * as ballast from '../src/index';
import { generated, type Asset } from '../src/index';
import { bytes, vectors } from './support/vectors';

const made = (number: number) => getAddressDecoder().decode(new Uint8Array(32).fill(number));
const signer = (number: number) => createNoopSigner(made(number));

function shown({ data, accounts = [] }: Instruction) {
  return {
    data: getBase16Decoder().decode(data!),
    accounts: accounts.map(({ address, role }) =>
      `${address} ${isSignerRole(role) ? 's' : ''}${isWritableRole(role) ? 'w' : ''}`.trimEnd(),
    ),
  };
}

let built: Record<string, Instruction>;

beforeAll(async () => {
  const vault = await ballast.findVaultAddress(made(1), 7);
  const asset = (mint: number): Asset => ({ vault, mint: made(mint), tokenProgram: made(4) });
  const [sol, usdc] = [asset(3), asset(5)];
  const [solReserve, usdcReserve] = await Promise.all([sol, usdc].map(({ mint }) => ballast.findReserveAddress(vault, mint)));
  built = await buildAll({
    creator: signer(1),
    owner: signer(2),
    guardian: signer(8),
    other: signer(10),
    identity: signer(17),
    vault,
    sol,
    usdc,
    reserves: [solReserve!, usdcReserve!],
    obligation: await ballast.findObligationAddress(vault, made(2), 513),
    fund: await ballast.findFundAddress(vault),
  });
});

type People = {
  creator: ReturnType<typeof signer>;
  owner: ReturnType<typeof signer>;
  guardian: ReturnType<typeof signer>;
  other: ReturnType<typeof signer>;
  identity: ReturnType<typeof signer>;
  vault: Address;
  sol: Asset;
  usdc: Asset;
  reserves: [Address, Address];
  obligation: Address;
  fund: Address;
};

async function buildAll(people: People): Promise<Record<string, Instruction>> {
  const { creator, owner, guardian, other, identity, vault, sol, usdc, reserves, obligation, fund } = people;
  const preset = vectors.presets.find(({ name }) => name === 'balanced')!;
  const vaultConfig = generated
    .getCreateVaultInstructionDataDecoder()
    .decode(new Uint8Array([...generated.CREATE_VAULT_DISCRIMINATOR, ...bytes(preset.vault)]));
  const preferred = preset.reserves.find(({ kind }) => kind === 'Sol')!.config;
  const config = { ...generated.getReserveConfigDecoder().decode(bytes(preferred)), feedId: new Uint8Array(32).fill(6) };
  const proposal = { vault, number: 259, reserve: reserves[0], proposer: creator.address };
  const [openVault, openVaultExecuted] = await ballast.openVault(creator, vault, 1);
  const move = { owner, obligation, asset: sol, amount: 1_000 };
  const tranche = {
    liquidator: other,
    obligation,
    debt: usdc,
    deposit: sol,
    reserves,
    maxRepay: 1_003,
    minReceived: 1_004,
  };
  const cover = { payer: owner, lost: usdc, amount: 1_005, minPaid: 1_006 };
  const usdcTokens = await ballast.findReserveTokensAddress(reserves[1]);
  const { Signal, TightenTo } = generated;
  const rules = generated.getCreateFundInstructionDataDecoder().decode(bytes(vectors.instructions.createFund!.data)).rules;
  return {
    createVault: await ballast.createVault(creator, { ...vaultConfig, id: 7, guardian: made(8), feeRecipient: made(9) }),
    addReserve: await ballast.addReserve(creator, sol, config),
    addReserveProposed: await ballast.addReserve(creator, sol, config, proposal),
    openVault: openVault!,
    openVaultExecuted: openVaultExecuted!,
    proposeChange: await ballast.proposeChange(creator, proposal, { __kind: 'Open' }),
    executeChange: await ballast.executeChange(other, proposal, [made(11), made(12)]),
    cancelChange: await ballast.cancelChange(guardian, proposal),
    openObligation: await ballast.openObligation(owner, vault, 513),
    closeObligation: ballast.closeObligation(owner, obligation),
    deposit: await ballast.deposit(move),
    topUp: await ballast.deposit({ ...move, reserves }),
    withdraw: await ballast.withdraw({ ...move, amount: ballast.ALL, reserves: [reserves[1]] }),
    borrow: await ballast.borrow({ ...move, asset: usdc, amount: 1_001, reserves }),
    repay: await ballast.repay(other, obligation, usdc, 1_002),
    refreshReserves: ballast.refreshReserves(vault, [
      { reserve: reserves[0], prices: [made(14)] },
      { reserve: reserves[1], prices: [made(15), made(16)] },
    ]),
    refreshObligation: ballast.refreshObligation(vault, obligation, reserves),
    softLiquidate: await ballast.softLiquidate(tranche),
    softLiquidateIntoShares: await ballast.softLiquidate({ ...tranche, sharesTo: made(13), frozen: [usdcTokens], fund }),
    softLiquidateAbsorbing: ballast.absorbing(await ballast.softLiquidate(tranche), reserves),
    collectFees: await ballast.collectFees(sol, made(9)),
    attestSolvency: await ballast.attestSolvency(vault, [sol, usdc]),
    beginAudit: await ballast.beginAudit(vault),
    countObligation: await ballast.countObligation(vault, obligation, reserves),
    finishAudit: await ballast.finishAudit(vault, reserves),
    tripByJump: await ballast.tripReserve(sol, Signal.Jump),
    tripByDeficit: await ballast.tripReserve(sol, Signal.Deficit),
    tripByFrozen: await ballast.tripReserve(sol, Signal.Frozen),
    tripByVaultDeficit: await ballast.tripReserve(sol, Signal.VaultDeficit),
    tripByVaultLoss: await ballast.tripVault(vault, Signal.VaultLoss, reserves),
    tripByVaultAttestation: await ballast.tripVault(vault, Signal.VaultAttestation, []),
    stepBreaker: ballast.stepBreaker(vault, reserves[0]),
    stepVaultBreaker: ballast.stepBreaker(vault),
    tighten: ballast.tighten(guardian, vault, TightenTo.Guarded, 3_600, reserves[0]),
    tightenVault: ballast.tighten(guardian, vault, TightenTo.Guarded, 3_600),
    absorbLoss: ballast.absorbLoss(creator, vault, obligation, reserves),
    absorbLossRecorded: ballast.absorbLoss(creator, vault, obligation, reserves, fund),
    createFund: await ballast.createFund(creator, sol, rules),
    openStake: await ballast.openStake(owner, sol),
    closeStake: await ballast.closeStake(owner, sol),
    stakeInsurance: await ballast.stakeInsurance(owner, sol, 1_007),
    requestUnstake: await ballast.requestUnstake(owner, sol, ballast.ALL),
    unstake: await ballast.unstake(owner, sol),
    collectInsurance: await ballast.collectInsurance(sol),
    coverLoss: await ballast.coverLoss(sol, cover),
    coverLossByClaim: await ballast.coverLoss(sol, { ...cover, claim: 258 }),
    enrollValidator: await ballast.enrollValidator(identity, vault, made(18)),
    leaveRoll: await ballast.leaveRoll(identity, vault, made(18)),
    callRoll: await ballast.callRoll(vault, [made(18), made(19)]),
    openClaim: await ballast.openClaim(owner, sol, cover.lost, 258, 1_008),
    voteClaim: await ballast.voteClaim(identity, vault, 258, true),
    settleClaim: await ballast.settleClaim(sol, 258),
    settleClaimWithBond: await ballast.settleClaim(sol, 258, owner.address),
    closeClaim: await ballast.closeClaim(sol, 258, owner.address),
    closeClaimWithBond: await ballast.closeClaim(sol, 258, owner.address, true),
    migrateAccount: ballast.migrateAccount(owner, vault, reserves[0]),
    migrateVault: ballast.migrateAccount(owner, vault),
  };
}

test('every instruction that Rust builds is built here too', () => {
  expect(Object.keys(built).sort()).toEqual(Object.keys(vectors.instructions).sort());
});

test('every instruction of the program is among them', () => {
  const discriminators = new Set(Object.values(vectors.instructions).map(({ data }) => data.slice(0, 16)));
  const ofProgram = Object.keys(generated.BallastInstruction).filter((name) => Number.isNaN(Number(name)));
  expect(discriminators.size).toBe(ofProgram.length);
});

test.each(Object.keys(vectors.instructions))('%s', (name) => {
  expect(shown(built[name]!)).toEqual(vectors.instructions[name]);
});
