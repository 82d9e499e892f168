/**
 * Shows an obligation and what a loan would make of it:
 *
 *     npx vite-node examples/show.ts URL OBLIGATION [RESERVE TOKEN-UNITS]
 */
import { address, createSolanaRpc, getBase64Encoder, type Address } from '@solana/kit';
import { Risk, generated, reservesWith, reservesOf, type AccountBytes, type Change } from '../src/index';

const CLOCK = address('SysvarC1ock11111111111111111111111111111111');

const [url, obligationAddress, reserve, amount] = process.argv.slice(2);
if (!url || !obligationAddress) throw new Error('Pass the URL of an RPC node and the address of an obligation.');
const rpc = createSolanaRpc(url as `https://${string}`);

async function fetchAccounts(addresses: Address[]): Promise<AccountBytes[]> {
  const { value } = await rpc.getMultipleAccounts(addresses, { encoding: 'base64' }).send();
  return value.map((account, index) => {
    if (!account) throw new Error(`There is no account ${addresses[index]}: is this the right cluster?`);
    return { address: addresses[index]!, data: getBase64Encoder().encode(account.data[0]) };
  });
}

const dollars = (micro: bigint) => (Number(micro) / 1e6).toLocaleString('en', { style: 'currency', currency: 'USD' });

const risk = await Risk.load();
const [obligation] = await fetchAccounts([address(obligationAddress)]);
const book = generated.getObligationDecoder().decode(obligation!.data);
const wanted = reserve ? reservesWith(book, address(reserve)) : reservesOf(book);
const [vault, clockAccount, ...reserves] = await fetchAccounts([book.vault, CLOCK, ...wanted]);
const view = new DataView(new Uint8Array(clockAccount!.data).buffer);
const clock = { slot: view.getBigUint64(0, true), unixTimestamp: view.getBigInt64(32, true) };
const snapshot = { vault: vault!, obligation: obligation!, reserves, clock };

const changes: Change[] = reserve ? [{ act: 'borrow', reserve: address(reserve), amount: BigInt(amount ?? 0) }] : [];
const { positions, maintenance, opening } = risk.portfolio(snapshot, changes);
for (const { side, reserve, amount, value } of positions) console.log(side, reserve, amount, dollars(value));
const { equity, requirement, isHealthy } = maintenance.score;
console.log(`equity ${dollars(equity)}, required ${dollars(requirement)}: ${isHealthy ? 'fine' : 'may be liquidated'}`);
console.log(opening.isPossible ? `new risk ${opening.passes ? 'may' : 'may not'} be opened` : opening.message);
