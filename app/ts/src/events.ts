/** Events of the program, read from transaction logs. */
import { getBase64Encoder } from '@solana/kit';
import { EVENTS, type BallastEvents } from './generated/events';
import { BALLAST_PROGRAM_ADDRESS } from './generated/programs';

/** Any event of the program, told apart by its name. */
export type BallastEvent = { [Name in keyof BallastEvents]: { readonly name: Name; readonly data: BallastEvents[Name] } }[keyof BallastEvents];

/** Reads an event from the bytes that the program logged; `undefined` when they are none of its events. */
export function decodeEvent(bytes: Uint8Array): BallastEvent | undefined {
  for (const [name, { discriminator, decoder }] of Object.entries(EVENTS)) {
    if (discriminator.every((byte, index) => bytes[index] === byte)) {
      return { name, data: decoder().decode(bytes.slice(discriminator.length)) } as BallastEvent;
    }
  }
  return undefined;
}

/**
 * All events of the program in a transaction's logs, in order. Data that other programs log is skipped by tracking which program is
 * running, so that nobody can forge an event by logging its bytes.
 */
export function eventsFromLogs(logs: readonly string[]): BallastEvent[] {
  const running: string[] = [];
  const found: BallastEvent[] = [];
  for (const log of logs) {
    const [first, second, third] = log.split(' ');
    if (first !== 'Program' || second === undefined) continue;
    if (second === 'data:' && third !== undefined) {
      if (running.at(-1) !== BALLAST_PROGRAM_ADDRESS) continue;
      const event = decodeEvent(new Uint8Array(getBase64Encoder().encode(third)));
      if (event) found.push(event);
    } else if (second.endsWith(':')) {
      // What a program logs of itself says nothing of who is running.
      continue;
    } else if (third === 'invoke') {
      running.push(second);
    } else if ((third === 'success' || third === 'failed:') && running.at(-1) === second) {
      running.pop();
    }
  }
  return found;
}
