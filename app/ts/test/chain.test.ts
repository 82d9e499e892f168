import { generateKeyPairSigner, type Address, type KeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as ballast from '../src/index';
import { generated, type Asset, type BallastEvent, type Snapshot } from '../src/index';
import { Refused, startCluster, TOKEN_PROGRAM, type Cluster } from './support/cluster';
import { bytes, vectors } from './support/vectors';

const DOLLAR = 100_000_000n;
const LAMPORTS = 1_000_000_000n;

type Market = Asset & { reserve: Address; price: Address; feedId: Uint8Array };

let risk: ballast.Risk;
let cluster: Cluster;
let curator: KeyPairSigner;
let vault: Address;
let sol: Market;
let usdc: Market;
let posted = 0n;

/** A story's borrower. */
type Person = { signer: KeyPairSigner; obligation: Address };

beforeAll(async () => {
  [risk, cluster] = await Promise.all([ballast.Risk.load(), startCluster()]);
  curator = await cluster.wallet();
  const preset = vectors.presets.find(({ name }) => name === 'balanced')!;
  const vaultConfig = generated
    .getCreateVaultInstructionDataDecoder()
    .decode(new Uint8Array([...generated.CREATE_VAULT_DISCRIMINATOR, ...bytes(preset.vault)]));
  await cluster.send(curator, [
    await ballast.createVault(curator, { ...vaultConfig, guardian: curator.address, feeRecipient: curator.address }),
  ]);
  vault = await ballast.findVaultAddress(curator.address, vaultConfig.id);
  const add = async (kind: string, decimals: number): Promise<Market> => {
    const asset = { vault, mint: await cluster.mint(decimals), tokenProgram: TOKEN_PROGRAM };
    const feedId = crypto.getRandomValues(new Uint8Array(32));
    const preferred = preset.reserves.find((reserve) => reserve.kind === kind)!.config;
    const config = generated.getReserveConfigDecoder().decode(bytes(preferred));
    await cluster.send(curator, [await ballast.addReserve(curator, asset, { ...config, feedId })]);
    const { address: price } = await generateKeyPairSigner();
    return { ...asset, feedId, price, reserve: await ballast.findReserveAddress(vault, asset.mint) };
  };
  sol = await add('Sol', 9);
  usdc = await add('Usd', 6);
  await cluster.send(curator, await ballast.openVault(curator, vault, 1));
  await prices(200n);
  const lender = await person();
  await move(ballast.deposit, lender, usdc, 1_000_000_000_000n);
});

afterAll(() => cluster?.stop());

/** Posts prices, newer ones than before: of an equal age, the program keeps what it has. */
async function prices(solPrice: bigint): Promise<void> {
  let now = await cluster.clock();
  while (now.unixTimestamp <= posted) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    now = await cluster.clock();
  }
  posted = now.unixTimestamp;
  await Promise.all([cluster.post(sol.price, sol.feedId, solPrice * DOLLAR), cluster.post(usdc.price, usdc.feedId, DOLLAR)]);
}

/** Somebody with SOL and USDC in the wallet and an obligation. */
async function person(): Promise<Person> {
  const signer = await cluster.wallet();
  await cluster.setTokens(signer.address, sol.mint, 1_000_000_000_000);
  await cluster.setTokens(signer.address, usdc.mint, 1_000_000_000_000);
  await cluster.send(signer, [await ballast.openObligation(signer, vault, 3)]);
  return { signer, obligation: await ballast.findObligationAddress(vault, signer.address, 3) };
}

async function obligationOf(who: Person) {
  const [account] = await cluster.accounts([who.obligation]);
  return generated.getObligationDecoder().decode(account!.data);
}

async function move(act: typeof ballast.borrow, who: Person, asset: Market, amount: bigint): Promise<BallastEvent[]> {
  const reserves = ballast.reservesWith(await obligationOf(who), asset.reserve);
  const action = await act({ owner: who.signer, obligation: who.obligation, asset, amount, reserves });
  const [held] = ballast.bundle(who.signer.address, vault, await pricedReserves(), [action]);
  return cluster.send(who.signer, held!);
}

/** The vault's reserves with their price accounts, found by feed as a client finds them. */
async function pricedReserves() {
  const accounts = await cluster.accounts([sol.reserve, usdc.reserve]);
  const reserves = accounts.map(({ address, data }) => ballast.decodeReserve(address, data));
  return ballast.priced(reserves, (feed) => [sol, usdc].find(({ feedId }) => feedId.every((byte, index) => byte === feed[index]))!.price);
}

async function snapshot(who: Person): Promise<Snapshot> {
  const [account, vaultAccount, ...reserves] = await cluster.accounts([who.obligation, vault, sol.reserve, usdc.reserve]);
  return { vault: vaultAccount!, obligation: account!, reserves, clock: await cluster.clock() };
}

/** Refreshes an obligation at new prices and returns what the chain says and what the module says of the same moment. */
async function bothScores(who: Person, solPrice: bigint) {
  await prices(solPrice);
  const reserves = await pricedReserves();
  const events = await cluster.send(who.signer, [
    ballast.refreshReserves(vault, reserves),
    ballast.refreshObligation(vault, who.obligation, ballast.reservesOf(await obligationOf(who))),
  ]);
  const onChain = events.find((event) => event.name === 'ObligationRefreshed')!.data as generated.ObligationRefreshed;
  const taken = await snapshot(who);
  // The reserves were brought up to date in the same transaction, so they know its time.
  const unixTimestamp = ballast.decodeReserve(usdc.reserve, taken.reserves[1]!.data).data.books.accruedAt;
  const slot = (await obligationOf(who)).refreshedSlot;
  const moment = { ...taken, clock: { slot, unixTimestamp } };
  return { onChain, moment, portfolio: risk.portfolio(moment) };
}

describe('a borrower', () => {
  let borrower: Person;
  let tooLow: bigint;

  test('deposits, borrows what the module says is possible, and not more', async () => {
    borrower = await person();
    await prices(200n);
    await move(ballast.deposit, borrower, sol, 100n * LAMPORTS);
    const now = await snapshot(borrower);
    const borrowing = (dollars: bigint) =>
      risk.portfolio(now, [{ act: 'borrow', reserve: usdc.reserve, amount: dollars * 1_000_000n }]).opening;
    let [most, tooMuch] = [0n, 20_000n];
    while (tooMuch - most > 1n) {
      const middle = (most + tooMuch) / 2n;
      const opening = borrowing(middle);
      if (opening.isPossible && opening.passes) most = middle;
      else tooMuch = middle;
    }
    expect(most).toBeGreaterThan(10_000n);
    await prices(200n);
    await expect(move(ballast.borrow, borrower, usdc, tooMuch * 1_000_000n)).rejects.toThrow(Refused);
    const [changed] = (await move(ballast.borrow, borrower, usdc, most * 1_000_000n)).filter((e) => e.name === 'PositionChanged');
    expect(changed).toBeDefined();
    expect(ballast.positionsOf(await obligationOf(borrower)).map(({ side, reserve }) => [side, reserve])).toEqual([
      ['deposit', sol.reserve],
      ['debt', usdc.reserve],
    ]);
  });

  test('is scored by the chain as by the module, at every price', async () => {
    for (const price of [200n, 187n, 240n, 171n, 333n, 201n]) {
      const { onChain, moment, portfolio } = await bothScores(borrower, price);
      expect(Number(onChain.collateral) / 1e6).toBeCloseTo(100 * Number(price), 3);
      const { score } = portfolio.maintenance;
      expect({ collateral: score.collateral, debt: score.debt, equity: score.equity, requirement: score.requirement }).toEqual({
        collateral: onChain.collateral,
        debt: onChain.debt,
        equity: onChain.equity,
        requirement: onChain.requirement,
      });
      expect(score.worstRow).toBe(onChain.worstRow);
      // The same book from plain numbers, through the other door of the module.
      const { model } = generated.getVaultDecoder().decode(moment.vault.data);
      expect(risk.score(model, portfolio.positions)).toEqual(score);
    }
  });

  test('knows at which price liquidation begins', async () => {
    const { moment, portfolio } = await bothScores(borrower, 200n);
    expect(portfolio.maintenance.score.isHealthy).toBe(true);
    const [distance] = risk.distances(moment);
    const at = (toPartsPerMillion: bigint) =>
      risk.portfolio(moment, [{ act: 'price', reserve: sol.reserve, toPartsPerMillion }]).maintenance.score.isHealthy;
    expect([at(distance!.falls! + 1n), at(distance!.falls!)]).toEqual([true, false]);
    expect(distance!.rises).toBeNull();
    // A dollar or two below.
    tooLow = (200n * distance!.falls!) / 1_000_000n - 2n;
  });

  test('is sold as the module plans when the price falls', async () => {
    const { moment, portfolio } = await bothScores(borrower, tooLow);
    expect(portfolio.maintenance.score.isHealthy).toBe(false);
    const best = risk.bestTranche(moment, 10n ** 15n)!;
    expect([best.debt, best.deposit, best.plan.insolvent]).toEqual([1, 0, false]);
    const keeper = await person();
    await prices(tooLow);
    const sale = await ballast.softLiquidate({
      liquidator: keeper.signer,
      obligation: borrower.obligation,
      debt: usdc,
      deposit: sol,
      reserves: ballast.reservesOf(await obligationOf(borrower)),
      maxRepay: ballast.ALL,
      minReceived: 1,
    });
    const events = await cluster.send(keeper.signer, [ballast.refreshReserves(vault, await pricedReserves()), sale]);
    const sold = events.find((event) => event.name === 'TrancheExecuted')!.data as generated.TrancheExecuted;
    // Some seconds of interest, and a plan in dollars is paid in whole units of tokens.
    const difference = sold.repaidValue - best.plan.repay;
    expect(difference < 1_000n && difference > -1_000n, `${sold.repaidValue} as planned ${best.plan.repay}`).toBe(true);
  });

  test('repays all and leaves with all', async () => {
    await prices(200n);
    await cluster.send(borrower.signer, [await ballast.repay(borrower.signer, borrower.obligation, usdc, ballast.ALL)]);
    expect(ballast.hasDebt(await obligationOf(borrower))).toBe(false);
    const all = { owner: borrower.signer, obligation: borrower.obligation, asset: sol, amount: ballast.ALL };
    await cluster.send(borrower.signer, [await ballast.withdraw(all), ballast.closeObligation(borrower.signer, borrower.obligation)]);
    await expect(obligationOf(borrower)).rejects.toThrow(/no account/);
  });
});

test('the market that the module shows is what the reserve holds', async () => {
  const [account] = await cluster.accounts([usdc.reserve]);
  const market = risk.market(account!.data, await cluster.clock());
  expect(market.deposits).toBeGreaterThanOrEqual(1_000_000_000_000n);
  expect(market.freeTokens + market.debt).toBeGreaterThanOrEqual(market.deposits);
});

test('anybody attests and audits a vault', async () => {
  const anybody = await cluster.wallet();
  await prices(200n);
  const events = await cluster.send(anybody, [
    ballast.refreshReserves(vault, await pricedReserves()),
    await ballast.attestSolvency(vault, [sol, usdc]),
    await ballast.beginAudit(vault),
  ]);
  expect(events.map(({ name }) => name)).toContain('SolvencyAttested');
});
