import { createNoopSigner, getAddressDecoder, getBase64Decoder, type Address, type Instruction } from '@solana/kit';
import { describe, expect, test } from 'vitest';
import * as ballast from '../src/index';
import { EVENTS } from '../src/generated/events';
import { vectors } from './support/vectors';

const made = (number: number) => getAddressDecoder().decode(new Uint8Array(32).fill(number));

test('addresses are those that the program derives', async () => {
  const expected = vectors.addresses as Record<string, Address>;
  const { creator, owner, mint, tokenProgram } = expected as { creator: Address; owner: Address; mint: Address; tokenProgram: Address };
  const vault = await ballast.findVaultAddress(creator, 7);
  const reserve = await ballast.findReserveAddress(vault, mint);
  const fund = await ballast.findFundAddress(vault);
  expect({
    creator,
    owner,
    mint,
    tokenProgram,
    vault,
    attestation: await ballast.findAttestationAddress(vault),
    audit: await ballast.findAuditAddress(vault),
    change: await ballast.findChangeAddress(vault, 259),
    reserve,
    tokens: await ballast.findReserveTokensAddress(reserve),
    wallet: await ballast.findWalletTokensAddress(owner, mint, tokenProgram),
    obligation: await ballast.findObligationAddress(vault, owner, 513),
    fund,
    fundTokens: await ballast.findFundTokensAddress(fund),
    roll: await ballast.findRollAddress(fund),
    stake: await ballast.findStakeAddress(fund, owner),
    claim: await ballast.findClaimAddress(fund, 258n),
  }).toEqual(expected);
});

describe('refreshes are bundled with their action', () => {
  const [payer, vault] = [made(1), made(2)];
  const reserves = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ reserve: made(10 + index), prices: [made(100 + index)] }));
  const action: Instruction = { programAddress: ballast.BALLAST_PROGRAM_ADDRESS, accounts: [], data: new Uint8Array(16) };

  test('in one transaction where it holds them', () => {
    expect(ballast.bundle(payer, vault, reserves(3), [action]).map((part) => part.length)).toEqual([2]);
    expect(ballast.bundle(payer, vault, [], [action])).toEqual([[action]]);
  });

  test('in as few as hold sixteen, in order, the action last', () => {
    const all = reserves(16);
    const transactions = ballast.bundle(payer, vault, all, [action]);
    expect(transactions.length).toBe(2);
    expect(transactions.at(-1)!.at(-1)).toBe(action);
    const refreshed = transactions.flat().flatMap((part) => (part === action ? [] : part.accounts!.slice(1).map((meta) => meta.address)));
    expect(refreshed).toEqual(all.flatMap(({ reserve, prices }) => [reserve, ...prices]));
    for (const part of transactions) expect(ballast.transactionBytes(payer, part)).toBeLessThanOrEqual(ballast.TRANSACTION_BYTES);
  });

  test('in one where a lookup table holds what they name', () => {
    const all = reserves(16);
    const held = [vault, ...all.flatMap(({ reserve, prices }) => [reserve, ...prices])];
    expect(ballast.addressesForTables([ballast.refreshReserves(vault, all)])).toEqual(held);
    expect(ballast.bundle(payer, vault, all, [action], { [made(200)]: held }).map((part) => part.length)).toEqual([2]);
    expect(ballast.addressesForTables([ballast.refreshReserves(vault, all)], { [made(200)]: held })).toEqual([]);
    // Bytes are not all: a transaction names at most 64 accounts.
    const many = reserves(40);
    const holdsMany = { [made(200)]: [vault, ...many.flatMap(({ reserve, prices }) => [reserve, ...prices])] };
    expect(ballast.bundle(payer, vault, many, [action], holdsMany).length).toBe(2);
  });

  test('and a table is made with as many addresses a transaction as fit it', async () => {
    const authority = createNoopSigner(payer);
    const addresses = Array.from({ length: 45 }, (_, index) => made(10 + index));
    const { transactions } = await ballast.createTable(authority, 7, addresses);
    expect(transactions.map((part) => part.length)).toEqual([1, 1, 1, 1]);
    for (const part of transactions) expect(ballast.transactionBytes(payer, part)).toBeLessThanOrEqual(ballast.TRANSACTION_BYTES - 64);
    await expect(ballast.createTable(authority, 7, Array.from({ length: 257 }, () => payer))).rejects.toThrow(/256/);
  });

  test('and an action that no transaction holds is refused in words', () => {
    const large = { ...action, data: new Uint8Array(1_200) };
    expect(() => ballast.bundle(payer, vault, [], [large])).toThrow(/address lookup table/);
  });
});

describe('events are read from logs', () => {
  const program = ballast.BALLAST_PROGRAM_ADDRESS;
  const closed = { vault: made(1), obligation: made(2), owner: made(3), rentTo: made(3) };
  const logged = new Uint8Array([...EVENTS.ObligationClosed.discriminator, ...ballast.generated.getObligationClosedEncoder().encode(closed)]);
  const data = `Program data: ${getBase64Decoder().decode(logged)}`;

  test('where the program logged them, whatever it calls meanwhile', () => {
    const logs = [`Program ${program} invoke [1]`, 'Program Other invoke [2]', 'Program log: invoke', 'Program Other success', data];
    expect(ballast.eventsFromLogs([...logs, `Program ${program} success`])).toEqual([{ name: 'ObligationClosed', data: closed }]);
  });

  test('and not where another program forges them', () => {
    const logs = [`Program ${program} invoke [1]`, 'Program Forger invoke [2]', data, 'Program Forger success', `Program ${program} success`];
    expect(ballast.eventsFromLogs([...logs, 'Program Forger invoke [1]', data])).toEqual([]);
  });
});
