"""Spreads a sweep over a Dask cluster: one `ballast-lab replay` a shard (window x stress x block of seeds), merged into one Parquet file.

    pip install "dask[distributed]" pyarrow
    python dask_shards.py --lab target/release/ballast-lab --candles DIR --out sweep.parquet \
        --windows 2025-10,2026-06 --stress 1,1.5,2 --seeds 1000 --block 50 [--scheduler tcp://host:8786]

Shards share nothing: a seed always draws the same borrowers, whoever runs it. Without --scheduler a cluster of processes on this
machine is used. Workers need the program and the candles at the same paths.
"""

import argparse
import itertools
import subprocess
import tempfile
from pathlib import Path


def shard(lab, candles, window, stress, first, count, accounts):
    """Runs one shard and returns its Parquet file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "shard.parquet"
        command = [lab, "replay", "--candles", candles, "--window", window, "--stress", str(stress), "--json"]
        command += ["--first-seed", str(first), "--seeds", str(count), "--parquet", str(out)]
        command += ["--accounts", str(accounts)] if accounts else []
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return out.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", required=True, help="the ballast-lab program")
    parser.add_argument("--candles", required=True, help="folder of candle files")
    parser.add_argument("--out", required=True, help="the merged Parquet file")
    parser.add_argument("--windows", default="2025-10,2026-06")
    parser.add_argument("--stress", default="1,2")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--block", type=int, default=10, help="seeds a shard")
    parser.add_argument("--accounts", type=int, help="accounts a seed")
    parser.add_argument("--scheduler", help="address of a Dask scheduler")
    args = parser.parse_args()

    import pyarrow as arrow
    import pyarrow.parquet as parquet
    from dask.distributed import Client, as_completed

    last = args.first_seed + args.seeds
    blocks = [(at, min(args.block, last - at)) for at in range(args.first_seed, last, args.block)]
    shards = list(itertools.product(args.windows.split(","), args.stress.split(","), blocks))
    client = Client(args.scheduler) if args.scheduler else Client(threads_per_worker=1)
    futures = [
        client.submit(shard, args.lab, args.candles, window, stress, first, count, args.accounts, pure=False)
        for window, stress, (first, count) in shards
    ]
    writer, rows = None, 0
    for number, future in enumerate(as_completed(futures), 1):
        table = parquet.read_table(arrow.BufferReader(future.result()))
        writer = writer or parquet.ParquetWriter(args.out, table.schema)
        writer.write_table(table)
        rows += table.num_rows
        print(f"{number}/{len(shards)} shards, {rows} rows", flush=True)
    writer.close()
    client.close()


if __name__ == "__main__":
    main()
