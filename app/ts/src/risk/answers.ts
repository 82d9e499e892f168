/** Answers of the risk module, from bytes. */
import {
  addDecoderSizePrefix,
  getAddressDecoder,
  getArrayDecoder,
  getBooleanDecoder,
  getI128Decoder,
  getI64Decoder,
  getNullableDecoder,
  getStructDecoder,
  getU128Decoder,
  getU16Decoder,
  getU32Decoder,
  getU64Decoder,
  getU8Decoder,
  getUtf8Decoder,
  type Decoder,
  type ReadonlyUint8Array,
} from '@solana/kit';
import {
  BINDINGS,
  type BestTranche,
  type Explanation,
  type Market,
  type PositionView,
  type Score,
  TRANCHE_LIMITS,
  type TranchePlan,
} from './types';

/** Decoders of the module's integers. */
export const [u8, u16, u32, u64] = [getU8Decoder(), getU16Decoder(), getU32Decoder(), getU64Decoder()];
/** Decoders of the module's wide integers and flags. */
export const [i128, u128, flag] = [getI128Decoder(), getU128Decoder(), getBooleanDecoder()];
const text = addDecoderSizePrefix(getUtf8Decoder(), u32);

function one<const T extends readonly string[]>(names: T): Decoder<T[number]> {
  return { ...u8, decode: (bytes, offset) => names[u8.decode(bytes, offset)]!, read: (bytes, offset) => readOne(names, bytes, offset) };
}

function readOne<const T extends readonly string[]>(names: T, bytes: ReadonlyUint8Array | Uint8Array, offset: number): [T[number], number] {
  const [index, next] = u8.read(bytes, offset);
  const name = names[index];
  if (name === undefined) throw new Error('The risk module is of another version than this package: build it again.');
  return [name, next];
}

/** A score. */
export const scoreDecoder: Decoder<Score> = getStructDecoder([
  ['collateral', i128],
  ['debt', i128],
  ['requirement', i128],
  ['equity', i128],
  ['excess', i128],
  ['netRisk', u64],
  ['worstRow', u8],
  ['binding', one(BINDINGS)],
  ['isHealthy', flag],
]);

/** A score taken apart. */
export const explanationDecoder: Decoder<Explanation> = getStructDecoder([
  ['score', scoreDecoder],
  ['groupLoss', getArrayDecoder(i128, { size: 8 })],
  ['basisCharge', getArrayDecoder(i128, { size: 8 })],
  ['idioCharge', getArrayDecoder(i128)],
  ['grossFloor', i128],
  ['debtFloor', i128],
]);

/** A tranche before it is turned into tokens. */
export const planDecoder: Decoder<TranchePlan> = getStructDecoder([
  ['repay', i128],
  ['bonus', u32],
  ['insuranceSlice', u16],
  ['limit', one(TRANCHE_LIMITS)],
  ['closeDebt', flag],
  ['takeDeposit', flag],
  ['insolvent', flag],
  ['backstop', flag],
  ['allowance', i128],
  ['netRisk', u64],
  ['gain', getI64Decoder()],
  ['before', scoreDecoder],
]);

/** The best tranche, or none. */
export const bestDecoder: Decoder<BestTranche | null> = getNullableDecoder(
  getStructDecoder([
    ['debt', u8],
    ['deposit', u8],
    ['plan', planDecoder],
  ]),
);

/** The positions of a book. */
export const positionsDecoder: Decoder<PositionView[]> = getArrayDecoder(
  getStructDecoder([
    ['reserve', getAddressDecoder()],
    ['side', one(['none', 'deposit', 'debt'])],
    ['shares', u64],
    ['amount', u64],
    ['value', i128],
    ['beta', u16],
    ['idio', u16],
    ['group', u8],
    ['priceAge', u64],
    ['isUsable', flag],
  ]),
) as Decoder<PositionView[]>;

/** Why a call was refused. */
export const refusalDecoder = getStructDecoder([
  ['reason', text],
  ['message', text],
]);

/** A reserve's market. */
export const marketDecoder: Decoder<Market> = getStructDecoder([
  ['deposits', u64],
  ['debt', u64],
  ['freeTokens', u64],
  ['fees', u64],
  ['insurance', u64],
  ['utilisation', u64],
  ['borrowRate', u64],
  ['depositIndex', u128],
  ['debtIndex', u128],
  ['priceAge', u64],
  ['isPriceFresh', flag],
]);
