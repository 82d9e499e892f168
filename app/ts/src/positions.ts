/** Obligations as people see them, and the reserves that the program wants to see with them. */
import type { Address, ReadonlyUint8Array } from '@solana/kit';
import { getObligationDecoder, getReserveDecoder, type Obligation, type Reserve } from './generated';

/** Which side of a reserve a position is on. */
export type Side = 'deposit' | 'debt';

/** One position in use. */
export type OpenPosition = {
  /** The reserve. */
  readonly reserve: Address;
  /** Which side it is on. */
  readonly side: Side;
  /** Deposit or debt shares. The risk module turns them into token units. */
  readonly shares: bigint;
};

/** A program account with its address. */
export type Located<T> = {
  /** Where it is. */
  readonly address: Address;
  /** What it holds. */
  readonly data: T;
};

/** The positions in use, in the obligation's order. */
export function positionsOf(obligation: Obligation): OpenPosition[] {
  return obligation.positions.slice(0, obligation.positionCount).map((position) => ({
    reserve: position.reserve,
    side: position.side === 2 ? 'debt' : 'deposit',
    shares: position.shares,
  }));
}

/** The positions in use of an obligation's account data. */
export function decodePositions(data: ReadonlyUint8Array): OpenPosition[] {
  return positionsOf(getObligationDecoder().decode(data));
}

/** Reserves of all positions, in order: the remaining accounts of every instruction that scores the obligation as it is. */
export function reservesOf(obligation: Obligation): Address[] {
  return positionsOf(obligation).map((position) => position.reserve);
}

/** The same after a position in `reserve` is opened: last in order, if it is new. Pass it to `deposit` and `borrow`. */
export function reservesWith(obligation: Obligation, reserve: Address): Address[] {
  const reserves = reservesOf(obligation);
  return reserves.includes(reserve) ? reserves : [...reserves, reserve];
}

/** The same after the position in `reserve` is closed. Pass it to a `withdraw` of all. */
export function reservesWithout(obligation: Obligation, reserve: Address): Address[] {
  return reservesOf(obligation).filter((other) => other !== reserve);
}

/** Whether the obligation owes anything. */
export function hasDebt(obligation: Obligation): boolean {
  return positionsOf(obligation).some((position) => position.side === 'debt');
}

/** Feeds that a reserve reads: its price's, or for a composed price the base's and the rate's. */
export function feedsOf(reserve: Reserve): ReadonlyUint8Array[] {
  const { feedId, rateFeedId } = reserve.source;
  return [feedId, rateFeedId].filter((feed, index) => index === 0 || feed.some((byte) => byte !== 0)).map((feed) => new Uint8Array(feed));
}

/** Reads a reserve's account data. */
export function decodeReserve(address: Address, data: ReadonlyUint8Array): Located<Reserve> {
  return { address, data: getReserveDecoder().decode(data) };
}
