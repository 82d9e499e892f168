/** Arguments of the risk module, as bytes: little-endian, lists and accounts behind their length. */
import {
  getAddressEncoder,
  getI128Encoder,
  getI64Encoder,
  getU16Encoder,
  getU32Encoder,
  getU64Encoder,
  getU8Encoder,
  type ReadonlyUint8Array,
} from '@solana/kit';
import { getPaceMeterEncoder, getRiskModelEncoder, getTrancheRulesEncoder, type RiskModelArgs } from '../generated';
import { type Change, type Clock, type Exposure, type Snapshot, type TrancheRequest } from './types';

const ACTS = ['deposit', 'withdraw', 'borrow', 'repay', 'price'] as const;

/** A list behind its length. */
export function list<T>(items: readonly T[], encode: (item: T) => ReadonlyUint8Array[]): ReadonlyUint8Array[] {
  return [getU32Encoder().encode(items.length), ...items.flatMap(encode)];
}

/** Bytes behind their length. */
export function block(bytes: ReadonlyUint8Array): ReadonlyUint8Array[] {
  return [getU32Encoder().encode(bytes.length), bytes];
}

/** A model and a book. */
export function modelAndBook(model: RiskModelArgs, book: readonly Exposure[]): ReadonlyUint8Array[] {
  const exposures = list(book, (exposure) => [
    getI128Encoder().encode(exposure.value),
    getU16Encoder().encode(exposure.beta),
    getU16Encoder().encode(exposure.idio),
    getU8Encoder().encode(exposure.group),
  ]);
  return [getRiskModelEncoder().encode(model), ...exposures];
}

/** What every plan depends on, whatever the pair. */
export function requested(request: TrancheRequest): ReadonlyUint8Array[] {
  return [
    ...modelAndBook(request.model, request.book),
    getTrancheRulesEncoder().encode(request.rules),
    getU32Encoder().encode(request.usable),
    getPaceMeterEncoder().encode(request.meter),
    getU64Encoder().encode(request.now),
    getI128Encoder().encode(request.maximum),
  ];
}

/** Slot and time. */
export function clockBytes({ slot, unixTimestamp }: Clock): ReadonlyUint8Array[] {
  return [getU64Encoder().encode(slot), getI64Encoder().encode(unixTimestamp)];
}

/** Accounts as they are, and what is supposed. */
export function accounts(snapshot: Snapshot, changes: readonly Change[]): ReadonlyUint8Array[] {
  const address = getAddressEncoder();
  return [
    address.encode(snapshot.vault.address),
    ...block(snapshot.vault.data),
    ...block(snapshot.obligation.data),
    ...list(snapshot.reserves, (reserve) => [address.encode(reserve.address), ...block(reserve.data)]),
    ...clockBytes(snapshot.clock),
    ...list(changes, (change) => [
      getU8Encoder().encode(ACTS.indexOf(change.act)),
      address.encode(change.reserve),
      getU64Encoder().encode(change.act === 'price' ? change.toPartsPerMillion : change.amount),
    ]),
  ];
}
