/**
 * A page that shows an obligation and what moving prices would make of it, computed in the browser by the code that the chain runs:
 *
 *     npm run page     # bundles it into examples/page/dist, which any file server serves
 *
 * `?rpc=URL&obligation=ADDRESS` fills the form and shows at once.
 */
import { address, createSolanaRpc } from '@solana/kit';
import { Risk, decodePositions, decodeReserve, fetchSnapshot, type Change, type Snapshot } from '../../src/index';

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

const form = element<HTMLFormElement>('which');
const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement;
const dollars = (micro: bigint) => (Number(micro) / 1e6).toLocaleString('en', { style: 'currency', currency: 'USD' });

/** The module lies beside the bundle. */
const loading = Risk.load(fetch('ballast.wasm'));
let snapshot: Snapshot | undefined;

function row(kind: 'th' | 'td', ...cells: string[]): HTMLTableRowElement {
  const line = document.createElement('tr');
  for (const [index, text] of cells.entries()) {
    const cell = line.appendChild(document.createElement(kind));
    cell.textContent = text;
    if (index > 1) cell.className = 'number';
  }
  return line;
}

/** What is deposited moves and what is owed stays, so that the slider says something. A feed that several reserves read moves once. */
function supposed({ obligation, reserves }: Snapshot, toPartsPerMillion: bigint): Change[] {
  const feeds = new Map<string, Change>();
  for (const { reserve, side } of decodePositions(obligation.data)) {
    const { data } = reserves.find(({ address }) => address === reserve)!;
    const feed = decodeReserve(reserve, data).data.source.feedId.toString();
    if (side === 'deposit') feeds.set(feed, { act: 'price', reserve, toPartsPerMillion });
  }
  return [...feeds.values()];
}

async function show(): Promise<void> {
  if (!snapshot) return;
  const risk = await loading;
  const percent = BigInt(field('move').value);
  element('moved').textContent = `${percent} %`;
  const reserves = decodePositions(snapshot.obligation.data).map(({ reserve }) => reserve);
  const changes = supposed(snapshot, 1_000_000n + percent * 10_000n);
  const { positions, maintenance } = risk.portfolio(snapshot, changes);
  const distances = risk.distances(snapshot);
  const table = element('positions');
  table.replaceChildren(row('th', 'side', 'reserve', 'token units', 'value', 'liquidated at'));
  for (const { side, reserve, amount, value } of positions) {
    const { falls, rises } = distances[reserves.indexOf(reserve)]!;
    const edge = falls ?? rises;
    const at = edge === null ? 'no price' : `${(Number(edge) / 1e4).toFixed(1)} % of the price`;
    table.append(row('td', side, reserve, amount.toString(), dollars(value), at));
  }
  const { equity, requirement, isHealthy } = maintenance.score;
  element('score').textContent = `equity ${dollars(equity)}, required ${dollars(requirement)}: ${isHealthy ? 'fine' : 'may be liquidated'}`;
}

async function load(): Promise<void> {
  element('error').textContent = '';
  const rpc = createSolanaRpc(field('rpc').value as `https://${string}`);
  snapshot = await fetchSnapshot(rpc, address(field('obligation').value));
  await show();
}

const said = (task: Promise<void>) => task.catch((error: unknown) => (element('error').textContent = String(error)));

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void said(load());
});
field('move').addEventListener('input', () => void said(show()));

const asked = new URLSearchParams(location.search);
for (const name of ['rpc', 'obligation', 'move']) field(name).value = asked.get(name) ?? field(name).value;
if (asked.has('obligation')) void said(load());
