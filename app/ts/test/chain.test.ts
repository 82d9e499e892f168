import { fetchAddressesForLookupTables } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as ballast from '../src/index';
import { generated } from '../src/index';
import { Refused } from './support/cluster';
import { bytes, vectors } from './support/vectors';
import { World, type Market, type Person } from './support/world';

const LAMPORTS = 1_000_000_000n;

let risk: ballast.Risk;
let world: World;
let sol: Market;
let usdc: Market;

beforeAll(async () => {
  [risk, world] = await Promise.all([ballast.Risk.load(), World.start()]);
  sol = await world.add('Sol', 9, 200n);
  usdc = await world.add('Usd', 6, 1n);
  // before the opening: afterwards its token would wait out the timelock
  const { rules } = generated.getCreateFundInstructionDataDecoder().decode(bytes(vectors.instructions.createFund!.data));
  await world.cluster.send(world.curator, [await ballast.createFund(world.curator, usdc, rules)]);
  await world.open();
  await world.move(ballast.deposit, await world.person(), usdc, 1_000_000_000_000n);
});

afterAll(() => world?.cluster.stop());

/** Posts prices of all assets, with this one of SOL. */
function prices(solPrice: bigint): Promise<void> {
  sol.dollars = solPrice;
  return world.prices();
}

/** Refreshes an obligation at new prices and returns what the chain says and what the module says of the same moment. */
async function bothScores(who: Person, solPrice: bigint, of = world, tables: ballast.LookupTables = {}) {
  of.markets[0]!.dollars = solPrice;
  await of.prices();
  const reserves = ballast.reservesOf(await of.obligationOf(who));
  const instructions = [
    ballast.refreshReserves(of.vault, await of.pricedReserves()),
    ballast.refreshObligation(of.vault, who.obligation, reserves),
  ];
  const events = await of.cluster.send(who.signer, instructions, tables);
  const onChain = events.find((event) => event.name === 'ObligationRefreshed')!.data as generated.ObligationRefreshed;
  const taken = await of.snapshot(who);
  // The reserves were brought up to date in the same transaction, so they know its time.
  const last = taken.reserves.at(-1)!;
  const unixTimestamp = ballast.decodeReserve(last.address, last.data).data.books.accruedAt;
  const slot = (await of.obligationOf(who)).refreshedSlot;
  const moment = { ...taken, clock: { slot, unixTimestamp } };
  return { onChain, moment, portfolio: risk.portfolio(moment) };
}

describe('a borrower', () => {
  let borrower: Person;
  let tooLow: bigint;

  test('deposits, borrows what the module says is possible, and not more', async () => {
    borrower = await world.person();
    await prices(200n);
    await world.move(ballast.deposit, borrower, sol, 100n * LAMPORTS);
    const now = await world.snapshot(borrower);
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
    await expect(world.move(ballast.borrow, borrower, usdc, tooMuch * 1_000_000n)).rejects.toThrow(Refused);
    const [changed] = (await world.move(ballast.borrow, borrower, usdc, most * 1_000_000n)).filter((e) => e.name === 'PositionChanged');
    expect(changed).toBeDefined();
    expect(ballast.positionsOf(await world.obligationOf(borrower)).map(({ side, reserve }) => [side, reserve])).toEqual([
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
    const keeper = await world.person();
    await prices(tooLow);
    const sale = await ballast.softLiquidate({
      liquidator: keeper.signer,
      obligation: borrower.obligation,
      debt: usdc,
      deposit: sol,
      reserves: ballast.reservesOf(await world.obligationOf(borrower)),
      maxRepay: ballast.ALL,
      minReceived: 1,
    });
    const events = await world.cluster.send(keeper.signer, [ballast.refreshReserves(world.vault, await world.pricedReserves()), sale]);
    const sold = events.find((event) => event.name === 'TrancheExecuted')!.data as generated.TrancheExecuted;
    // Some seconds of interest, and a plan in dollars is paid in whole units of tokens.
    const difference = sold.repaidValue - best.plan.repay;
    expect(difference < 1_000n && difference > -1_000n, `${sold.repaidValue} as planned ${best.plan.repay}`).toBe(true);
  });

  test('repays all and leaves with all', async () => {
    await prices(200n);
    await world.cluster.send(borrower.signer, [await ballast.repay(borrower.signer, borrower.obligation, usdc, ballast.ALL)]);
    expect(ballast.hasDebt(await world.obligationOf(borrower))).toBe(false);
    const all = { owner: borrower.signer, obligation: borrower.obligation, asset: sol, amount: ballast.ALL };
    await world.cluster.send(borrower.signer, [await ballast.withdraw(all), ballast.closeObligation(borrower.signer, borrower.obligation)]);
    await expect(world.obligationOf(borrower)).rejects.toThrow(/no account/);
  });
});

test('the market that the module shows is what the reserve holds', async () => {
  const [account] = await world.cluster.accounts([usdc.reserve]);
  const market = risk.market(account!.data, await world.cluster.clock());
  expect(market.deposits).toBeGreaterThanOrEqual(1_000_000_000_000n);
  expect(market.freeTokens + market.debt).toBeGreaterThanOrEqual(market.deposits);
});

test('anybody attests and audits a vault', async () => {
  const anybody = await world.cluster.wallet();
  await prices(200n);
  const events = await world.cluster.send(anybody, [
    ballast.refreshReserves(world.vault, await world.pricedReserves()),
    await ballast.attestSolvency(world.vault, [sol, usdc]),
    await ballast.beginAudit(world.vault),
  ]);
  expect(events.map(({ name }) => name)).toContain('SolvencyAttested');
});

test('a book of sixteen assets borrows behind one transaction of refreshes with a lookup table', async () => {
  const large = await World.start();
  try {
    const assets: Market[] = [];
    for (let number = 0; number < 15; number += 1) assets.push(await large.add('Sol', 9, 100n));
    const stable = await large.add('Usd', 6, 1n);
    await large.open();
    await large.move(ballast.deposit, await large.person(), stable, 1_000_000_000n);
    const borrower = await large.person();
    const { signer, obligation } = borrower;
    for (const asset of assets) {
      await large.cluster.send(signer, [await ballast.deposit({ owner: signer, obligation, asset, amount: LAMPORTS })]);
    }
    await large.prices();
    const reserves = ballast.reservesWith(await large.obligationOf(borrower), stable.reserve);
    const loan = await ballast.borrow({ owner: signer, obligation, asset: stable, amount: 100_000_000n, reserves });
    const refreshed = await large.pricedReserves();
    expect(ballast.bundle(signer.address, large.vault, refreshed, [loan]).length).toBeGreaterThan(1);

    const wanted = ballast.addressesForTables([ballast.refreshReserves(large.vault, refreshed), loan]);
    const { table, transactions } = await ballast.createTable(signer, (await large.cluster.clock()).slot - 1n, wanted);
    for (const transaction of transactions) await large.cluster.send(signer, transaction);
    const made = (await large.cluster.clock()).slot;
    while ((await large.cluster.clock()).slot <= made) await new Promise((resolve) => setTimeout(resolve, 50));
    const tables = await fetchAddressesForLookupTables([table], large.cluster.rpc);
    expect(ballast.addressesForTables([loan], tables)).toEqual([]);

    const bundled = ballast.bundle(signer.address, large.vault, refreshed, [loan], tables);
    expect(bundled.map((part) => part.length)).toEqual([2]);
    await large.prices();
    const events = await large.cluster.send(signer, bundled[0]!, tables);
    expect(events.filter(({ name }) => name === 'ReserveRefreshed').length).toBe(16);
    expect(events.map(({ name }) => name)).toContain('PositionChanged');
    expect(ballast.positionsOf(await large.obligationOf(borrower)).length).toBe(16);
    const { onChain, portfolio } = await bothScores(borrower, 110n, large, tables);
    expect(portfolio.maintenance.score.requirement).toBe(onChain.requirement);
  } finally {
    large.cluster.stop();
  }
});

test('a fund is staked in, and left after its cooling', async () => {
  const staker = await world.person();
  const [staked] = await world.cluster.send(staker.signer, [
    await ballast.openStake(staker.signer, usdc),
    await ballast.stakeInsurance(staker.signer, usdc, 5_000_000n),
  ]);
  expect(staked!.name).toBe('StakeChanged');
  await world.cluster.send(staker.signer, [await ballast.requestUnstake(staker.signer, usdc, ballast.ALL)]);
  const leaving = [await ballast.unstake(staker.signer, usdc)];
  await expect(world.cluster.send(staker.signer, leaving)).rejects.toThrow(/cooling|Cooling/);
});

test('the guardian tightens a breaker, and a loan is refused from then on', async () => {
  const borrower = await world.person();
  await prices(200n);
  await world.move(ballast.deposit, borrower, sol, 10n * LAMPORTS);
  const { TightenTo } = generated;
  const events = await world.cluster.send(world.curator, [
    ballast.tighten(world.curator, world.vault, TightenTo.Guarded, 3_600, usdc.reserve),
  ]);
  expect(events.map(({ name }) => name)).toEqual(['BreakerChanged']);
  await prices(200n);
  await expect(world.move(ballast.borrow, borrower, usdc, 1_000_000n)).rejects.toThrow(Refused);
});
