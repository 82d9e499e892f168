/** The embedded validator, with what a local network does beside a real one's work: it makes up accounts, SOL, tokens and prices. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import {
  address,
  appendTransactionMessageInstructions,
  compressTransactionMessageUsingAddressLookupTables,
  createSolanaRpc,
  createTransactionMessage,
  generateKeyPairSigner,
  getAddressEncoder,
  getBase16Decoder,
  getBase64EncodedWireTransaction,
  getI32Encoder,
  getI64Encoder,
  getStructEncoder,
  getU32Encoder,
  getU64Encoder,
  getU8Encoder,
  fixEncoderSize,
  getBytesEncoder,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type Address,
  type Instruction,
  type KeyPairSigner,
  type ReadonlyUint8Array,
  type Rpc,
  type Signature,
  type SolanaRpcApi,
} from '@solana/kit';
import { eventsFromLogs, fetchAccounts, fetchClock, type AccountBytes, type BallastEvent, type Clock, type LookupTables } from '../../src/index';

export const TOKEN_PROGRAM = address('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const PRICE_PROGRAM = address('rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ');
const COMPUTE_BUDGET = address('ComputeBudget111111111111111111111111111111');
const PLENTY = 100_000_000_000;

export type Cluster = Awaited<ReturnType<typeof startCluster>>;

/** A transaction that the program refused. */
export class Refused extends Error {
  constructor(readonly logs: readonly string[]) {
    super(logs.filter((log) => log.includes('Error')).join('\n') || logs.join('\n'));
  }
}

/** Starts a validator with the program on it. */
export async function startCluster() {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  const program = process.env.BALLAST_VALIDATOR ?? `${root}target/debug/examples/validator`;
  if (!existsSync(program)) throw new Error(`The validator is not built (${program}): run \`cargo xtask typescript\`.`);
  const child = spawn(program, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, SBF_OUT_DIR: process.env.SBF_OUT_DIR ?? `${root}target/deploy` },
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => line.startsWith('{') && resolve((JSON.parse(line) as { rpc: string }).rpc));
    child.on('exit', (code) => reject(new Error(`The validator ended at once (${code}): its words are above.`)));
  });
  const rpc: Rpc<SolanaRpcApi> = createSolanaRpc(url as `http://${string}`);

  let sent = 0;

  /** A call whose refusal kit does not know: it says the validator's words. */
  async function call(method: string, params: unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = (await response.json()) as { result?: unknown; error?: { message: string; data?: unknown } };
    if (answer.error) throw new Error(`${method}: ${answer.error.message} ${JSON.stringify(answer.error.data ?? '')}`);
    return answer.result;
  }

  const setAccount = (key: Address, owner: Address, data: ReadonlyUint8Array) =>
    call('surfnet_setAccount', [key, { lamports: 10_000_000, owner, data: getBase16Decoder().decode(data) }]);

  const accounts = (addresses: readonly Address[]): Promise<AccountBytes[]> => fetchAccounts(rpc, addresses, 'processed');
  const clock = (): Promise<Clock> => fetchClock(rpc, 'processed');

  /** Somebody with SOL. */
  async function wallet(): Promise<KeyPairSigner> {
    const signer = await generateKeyPairSigner();
    await call('surfnet_setAccount', [signer.address, { lamports: PLENTY }]);
    return signer;
  }

  /** A mint that nobody can mint with. */
  async function mint(decimals: number): Promise<Address> {
    const { address: key } = await generateKeyPairSigner();
    const data = new Uint8Array(82);
    new DataView(data.buffer).setBigUint64(36, 2n ** 64n - 1n, true);
    data.set([decimals, 1], 44);
    await setAccount(key, TOKEN_PROGRAM, data);
    return key;
  }

  /** Sets the tokens of a wallet. */
  const setTokens = (owner: Address, token: Address, amount: number) =>
    call('surfnet_setTokenAccount', [owner, token, { amount }, TOKEN_PROGRAM]);

  /** Posts a price as Pyth does: hundred-millionths of a dollar, certain to a ten-thousandth. */
  async function post(key: Address, feedId: ReadonlyUint8Array, price: bigint): Promise<void> {
    const { slot, unixTimestamp } = await clock();
    const update = getStructEncoder([
      ['discriminator', fixEncoderSize(getBytesEncoder(), 8)],
      ['writeAuthority', getAddressEncoder()],
      ['verificationLevel', getU8Encoder()],
      ['feedId', fixEncoderSize(getBytesEncoder(), 32)],
      ['price', getI64Encoder()],
      ['confidence', getU64Encoder()],
      ['exponent', getI32Encoder()],
      ['publishTime', getI64Encoder()],
      ['previousPublishTime', getI64Encoder()],
      ['averagePrice', getI64Encoder()],
      ['averageConfidence', getU64Encoder()],
      ['postedSlot', getU64Encoder()],
    ]).encode({
      discriminator: createHash('sha256').update('account:PriceUpdateV2').digest().subarray(0, 8),
      writeAuthority: address('11111111111111111111111111111111'),
      verificationLevel: 1,
      feedId,
      price,
      confidence: price / 10_000n,
      exponent: -8,
      publishTime: unixTimestamp,
      previousPublishTime: unixTimestamp - 1n,
      averagePrice: price,
      averageConfidence: price / 10_000n,
      postedSlot: slot,
    });
    const data = new Uint8Array(134);
    data.set(update);
    await setAccount(key, PRICE_PROGRAM, data);
  }

  /** Sends a transaction, with what these tables hold looked up, and waits for it; returns its events. */
  async function send(payer: KeyPairSigner, instructions: readonly Instruction[], tables: LookupTables = {}): Promise<BallastEvent[]> {
    // Another limit each time, so that no two transactions are the same.
    sent += 1;
    const units = new Uint8Array([2, ...getU32Encoder().encode(800_000 + sent)]);
    const { value: blockhash } = await rpc.getLatestBlockhash({ commitment: 'processed' }).send();
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (empty) => setTransactionMessageFeePayerSigner(payer, empty),
      (paid) => setTransactionMessageLifetimeUsingBlockhash(blockhash, paid),
      (living) => appendTransactionMessageInstructions([{ programAddress: COMPUTE_BUDGET, data: units }, ...instructions], living),
      (full) => compressTransactionMessageUsingAddressLookupTables(full, tables) as typeof full,
    );
    const wire = getBase64EncodedWireTransaction(await signTransactionMessageWithSigners(message));
    const signature = (await call('sendTransaction', [wire, { encoding: 'base64', skipPreflight: true }])) as Signature;
    for (;;) {
      const found = await rpc
        .getTransaction(signature, { commitment: 'confirmed', encoding: 'json', maxSupportedTransactionVersion: 0 })
        .send();
      if (found?.meta) {
        const logs = found.meta.logMessages ?? [];
        if (found.meta.err) throw new Refused([JSON.stringify(found.meta.err, (_, part: unknown) => String(part)), ...logs]);
        return eventsFromLogs(logs);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  return { url, rpc, accounts, clock, wallet, mint, setTokens, post, send, stop: () => child.stdin.end() };
}
