/**
 * Client of the Ballast lending program for `@solana/kit`: addresses, instructions with the accounts that they need, refreshes bundled with
 * actions, events, and the risk arithmetic that the chain runs. Everything generated from the program's interface is under
 * {@link generated}.
 *
 * @module
 */
export * from './addresses';
export * from './events';
export * from './fetch';
export type { BallastEvents } from './generated/events';
export * from './instructions';
export * from './insurance';
export * from './positions';
export * from './refresh';
export * from './risk';
export * from './safety';
export * from './tables';
/** Codecs, builders, accounts and errors, generated from the program's interface. */
export * as generated from './generated';
export { BALLAST_PROGRAM_ADDRESS } from './generated/programs';
