/** A vault on the embedded validator with people in it: what the stories have in common. */
import { generateKeyPairSigner, type Address, type KeyPairSigner } from '@solana/kit';
import * as ballast from '../../src/index';
import { generated, type Asset, type BallastEvent, type LookupTables, type Snapshot } from '../../src/index';
import { startCluster, TOKEN_PROGRAM, type Cluster } from './cluster';
import { bytes, vectors } from './vectors';

/** Hundred-millionths of a dollar, as the validator's oracle counts. */
const DOLLAR = 100_000_000n;

/** One asset of the vault; `dollars` is what the next post says. */
export type Market = Asset & { reserve: Address; price: Address; feedId: Uint8Array; dollars: bigint };

/** A story's borrower. */
export type Person = { signer: KeyPairSigner; obligation: Address };

const preset = vectors.presets.find(({ name }) => name === 'balanced')!;

/** A vault of the preset `balanced`. */
export class World {
  readonly markets: Market[] = [];
  private posted = 0n;

  private constructor(
    readonly cluster: Cluster,
    readonly curator: KeyPairSigner,
    readonly vault: Address,
  ) {}

  /** Starts a validator and makes a vault on it that is still being set up. */
  static async start(): Promise<World> {
    const cluster = await startCluster();
    const curator = await cluster.wallet();
    const config = generated
      .getCreateVaultInstructionDataDecoder()
      .decode(new Uint8Array([...generated.CREATE_VAULT_DISCRIMINATOR, ...bytes(preset.vault)]));
    await cluster.send(curator, [
      await ballast.createVault(curator, { ...config, guardian: curator.address, feeRecipient: curator.address }),
    ]);
    return new World(cluster, curator, await ballast.findVaultAddress(curator.address, config.id));
  }

  /** Adds an asset of a kind of the preset. */
  async add(kind: string, decimals: number, dollars: bigint): Promise<Market> {
    const asset = { vault: this.vault, mint: await this.cluster.mint(decimals), tokenProgram: TOKEN_PROGRAM };
    const feedId = crypto.getRandomValues(new Uint8Array(32));
    const config = generated.getReserveConfigDecoder().decode(bytes(preset.reserves.find((reserve) => reserve.kind === kind)!.config));
    await this.cluster.send(this.curator, [await ballast.addReserve(this.curator, asset, { ...config, feedId })]);
    const { address: price } = await generateKeyPairSigner();
    const reserve = await ballast.findReserveAddress(this.vault, asset.mint);
    const market = { ...asset, feedId, price, reserve, dollars };
    this.markets.push(market);
    return market;
  }

  /** Opens the vault and posts its first prices. */
  async open(): Promise<void> {
    await this.cluster.send(this.curator, await ballast.openVault(this.curator, this.vault, 1));
    await this.prices();
  }

  /** Posts prices, newer ones than before: of an equal age, the program keeps what it has. */
  async prices(): Promise<void> {
    let now = await this.cluster.clock();
    while (now.unixTimestamp <= this.posted) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      now = await this.cluster.clock();
    }
    this.posted = now.unixTimestamp;
    await Promise.all(this.markets.map(({ price, feedId, dollars }) => this.cluster.post(price, feedId, dollars * DOLLAR)));
  }

  /** Somebody with plenty of every token in the wallet and an obligation. */
  async person(): Promise<Person> {
    const signer = await this.cluster.wallet();
    for (const { mint } of this.markets) await this.cluster.setTokens(signer.address, mint, 1_000_000_000_000);
    await this.cluster.send(signer, [await ballast.openObligation(signer, this.vault, 3)]);
    return { signer, obligation: await ballast.findObligationAddress(this.vault, signer.address, 3) };
  }

  /** An obligation as it is. */
  async obligationOf(who: Person) {
    const [account] = await this.cluster.accounts([who.obligation]);
    return generated.getObligationDecoder().decode(account!.data);
  }

  /** Deposits, withdraws or borrows behind a refresh of every reserve, in the transactions of {@link ballast.bundle}. Returns the last one's events. */
  async move(act: typeof ballast.borrow, who: Person, asset: Market, amount: bigint, tables: LookupTables = {}): Promise<BallastEvent[]> {
    const reserves = ballast.reservesWith(await this.obligationOf(who), asset.reserve);
    const action = await act({ owner: who.signer, obligation: who.obligation, asset, amount, reserves });
    const transactions = ballast.bundle(who.signer.address, this.vault, await this.pricedReserves(), [action], tables);
    let events: BallastEvent[] = [];
    for (const transaction of transactions) events = await this.cluster.send(who.signer, transaction, tables);
    return events;
  }

  /** The vault's reserves with their price accounts, found by feed as a client finds them. */
  async pricedReserves(): Promise<ballast.PricedReserve[]> {
    const accounts = await this.cluster.accounts(this.markets.map(({ reserve }) => reserve));
    const reserves = accounts.map(({ address, data }) => ballast.decodeReserve(address, data));
    const ofFeed = (feed: ArrayLike<number>) => this.markets.find(({ feedId }) => feedId.every((byte, index) => byte === feed[index]));
    return ballast.priced(reserves, (feed) => ofFeed(feed as Uint8Array)!.price);
  }

  /** An obligation with all that scoring it takes, and every reserve of the vault, as it is now. */
  snapshot(who: Person): Promise<Snapshot> {
    const reserves = this.markets.map(({ reserve }) => reserve);
    return ballast.fetchSnapshot(this.cluster.rpc, who.obligation, reserves, 'processed');
  }
}
