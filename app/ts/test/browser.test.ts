/** The example page in a real browser: it loads the module and the client, fetches a book and shows the score that Node computes. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as ballast from '../src/index';
import { World, type Person } from './support/world';

const BROWSERS = [process.env.BALLAST_BROWSER, 'chromium', 'chromium-browser', 'google-chrome'];
const browser = BROWSERS.find((name) => name && spawnSync(name, ['--version']).status === 0);
if (!browser) console.warn('skipped: there is no Chromium to show the example page in (name one in BALLAST_BROWSER)');

const folder = fileURLToPath(new URL('../examples/page/dist/', import.meta.url));
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

let world: World;
let borrower: Person;
let server: Server;
let page: string;

beforeAll(async () => {
  if (!browser) return;
  execFileSync('npm', ['run', '--silent', 'page'], { cwd: fileURLToPath(new URL('..', import.meta.url)) });
  world = await World.start();
  const sol = await world.add('Sol', 9, 200n);
  const usdc = await world.add('Usd', 6, 1n);
  await world.open();
  await world.move(ballast.deposit, await world.person(), usdc, 100_000_000_000n);
  borrower = await world.person();
  await world.move(ballast.deposit, borrower, sol, 10_000_000_000n);
  await world.prices();
  await world.move(ballast.borrow, borrower, usdc, 1_000_000_000n);
  server = createServer((request, response) => {
    const name = new URL(request.url!, 'http://page').pathname.slice(1) || 'index.html';
    readFile(folder + name).then(
      (data) => response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream').end(data),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  page = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
});

afterAll(() => {
  server?.close();
  world?.cluster.stop();
});

/** The page's document once it is still. */
async function shown(query: Record<string, string>): Promise<string> {
  const url = `${page}?${new URLSearchParams(query)}`;
  const still = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=20000', '--dump-dom', url];
  return (await promisify(execFile)(browser!, still)).stdout;
}

const dollars = (micro: bigint) => (Number(micro) / 1e6).toLocaleString('en', { style: 'currency', currency: 'USD' });
const text = (document: string, id: string) => new RegExp(`id="${id}">([^<]*)<`).exec(document)?.[1];

test.skipIf(!browser)('a page shows a book, its score and what falling prices would make of it', async () => {
  const risk = await ballast.Risk.load();
  const snapshot = await world.snapshot(borrower);
  const query = { rpc: world.cluster.url, obligation: borrower.obligation };
  const { equity, requirement } = risk.portfolio(snapshot).maintenance.score;
  const now = await shown(query);
  expect(text(now, 'error')).toBe('');
  expect(text(now, 'score')).toBe(`equity ${dollars(equity)}, required ${dollars(requirement)}: fine`);
  expect(now).toContain('10000000000');

  const { reserve } = world.markets[0]!;
  const fallen = risk.portfolio(snapshot, [{ act: 'price', reserve, toPartsPerMillion: 500_000n }]).maintenance.score;
  expect(fallen.isHealthy).toBe(false);
  const half = await shown({ ...query, move: '-50' });
  expect(text(half, 'score')).toBe(`equity ${dollars(fallen.equity)}, required ${dollars(fallen.requirement)}: may be liquidated`);
});

test.skipIf(!browser)('a page says what is wrong with an address', async () => {
  const nowhere = await shown({ rpc: world.cluster.url, obligation: world.vault.replace(/.$/, '1') });
  expect(text(nowhere, 'error')).toMatch(/no account|not a valid|address/i);
});
