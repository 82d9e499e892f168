/** Fetching what the risk module computes with. */
import { address, getBase64Encoder, type Address, type Commitment, type GetMultipleAccountsApi, type Rpc } from '@solana/kit';
import { getObligationDecoder } from './generated';
import { reservesOf } from './positions';
import type { AccountBytes, Clock, Snapshot } from './risk';

const CLOCK = address('SysvarC1ock11111111111111111111111111111111');

/** How often to ask again while the obligation's positions change between two answers. */
const TRIES = 5;

/** Fetches accounts as RPC returns them, of one moment. Throws where one is missing. */
export async function fetchAccounts(
  rpc: Rpc<GetMultipleAccountsApi>,
  addresses: readonly Address[],
  commitment: Commitment = 'confirmed',
): Promise<AccountBytes[]> {
  const { value } = await rpc.getMultipleAccounts([...addresses], { encoding: 'base64', commitment }).send();
  return value.map((account, index) => {
    if (!account) throw new Error(`There is no account ${addresses[index]}: check the address and the cluster.`);
    return { address: addresses[index]!, data: getBase64Encoder().encode(account.data[0]) };
  });
}

/** Reads the cluster's clock from its sysvar's data. */
export function decodeClock({ data }: Pick<AccountBytes, 'data'>): Clock {
  const view = new DataView(new Uint8Array(data).buffer);
  return { slot: view.getBigUint64(0, true), unixTimestamp: view.getBigInt64(32, true) };
}

/** Fetches the cluster's clock. */
export async function fetchClock(rpc: Rpc<GetMultipleAccountsApi>, commitment?: Commitment): Promise<Clock> {
  const [account] = await fetchAccounts(rpc, [CLOCK], commitment);
  return decodeClock(account!);
}

/**
 * Fetches an obligation with all that scoring it takes, of one moment. `reserves`: further ones of its vault, in which changes are to be
 * supposed.
 */
export async function fetchSnapshot(
  rpc: Rpc<GetMultipleAccountsApi>,
  obligation: Address,
  reserves: readonly Address[] = [],
  commitment?: Commitment,
): Promise<Snapshot> {
  let [found] = await fetchAccounts(rpc, [obligation], commitment);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const book = getObligationDecoder().decode(found!.data);
    const wanted = [...new Set([...reservesOf(book), ...reserves])];
    const [now, vault, clock, ...read] = await fetchAccounts(rpc, [obligation, book.vault, CLOCK, ...wanted], commitment);
    const isSame = reservesOf(getObligationDecoder().decode(now!.data)).every((reserve) => wanted.includes(reserve));
    if (isSame) return { vault: vault!, obligation: now!, reserves: read, clock: decodeClock(clock!) };
    found = now;
  }
  throw new Error('The positions changed each time while they were read: try again.');
}
