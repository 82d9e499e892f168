/** Where the risk module comes from. */

/** Where the module may come from. */
export type RiskSource = BufferSource | WebAssembly.Module | Response | Promise<Response> | URL;

/** Whether it is a response. */
export function isResponse(found: BufferSource | WebAssembly.Module | Response): found is Response {
  return typeof Response !== 'undefined' && found instanceof Response;
}

/** The bytes of a response. */
export async function body(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) {
    throw new Error(`The risk module could not be fetched (${response.status}): serve ballast.wasm, or pass its address to Risk.load.`);
  }
  return response.arrayBuffer();
}

/** Reads a module from a file, in Node, or fetches it. */
export async function read(url: URL): Promise<BufferSource | Response> {
  if (url.protocol !== 'file:') return fetch(url);
  // Named so that bundlers for browsers, which never come here, do not look for it.
  const files = 'node:fs/promises';
  const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ files)) as typeof import('node:fs/promises');
  return readFile(url).catch((cause: unknown) => {
    throw new Error('The risk module is not there: build it with `cargo xtask wasm`.', { cause });
  });
}
