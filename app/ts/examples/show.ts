/**
 * Shows an obligation and what a loan would make of it:
 *
 *     npx vite-node examples/show.ts URL OBLIGATION [RESERVE TOKEN-UNITS]
 */
import { address, createSolanaRpc } from '@solana/kit';
import { Risk, fetchSnapshot, type Change } from '../src/index';

const [url, obligation, reserve, amount] = process.argv.slice(2);
if (!url || !obligation) throw new Error('Pass the URL of an RPC node and the address of an obligation.');

const dollars = (micro: bigint) => (Number(micro) / 1e6).toLocaleString('en', { style: 'currency', currency: 'USD' });

const risk = await Risk.load();
const changes: Change[] = reserve ? [{ act: 'borrow', reserve: address(reserve), amount: BigInt(amount ?? 0) }] : [];
const supposed = changes.map((change) => change.reserve);
const snapshot = await fetchSnapshot(createSolanaRpc(url as `https://${string}`), address(obligation), supposed);
const { positions, maintenance, opening } = risk.portfolio(snapshot, changes);
for (const { side, reserve, amount, value } of positions) console.log(side, reserve, amount, dollars(value));
const { equity, requirement, isHealthy } = maintenance.score;
console.log(`equity ${dollars(equity)}, required ${dollars(requirement)}: ${isHealthy ? 'fine' : 'may be liquidated'}`);
console.log(opening.isPossible ? `new risk ${opening.passes ? 'may' : 'may not'} be opened` : opening.message);
