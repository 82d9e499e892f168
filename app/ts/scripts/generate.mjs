// Generates src/generated from the program's IDL: `npm run generate`. The result is committed.
// `npm run check` passes --check: it generates into a folder beside it and fails where the committed client is not what the IDL gives.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join, relative } from 'node:path';
import { createFromRoot } from 'codama';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const committed = join(project, 'src/generated');
const idl = JSON.parse(readFileSync(join(project, '../../idl/ballast.json'), 'utf8'));

// A seed that the program reads from a field of an account arrives as the account's own address, twice. Such an address cannot be
// derived from the IDL: the caller passes it, from src/addresses.ts.
for (const instruction of idl.instructions) {
  for (const account of instruction.accounts) {
    const paths = (account.pda?.seeds ?? []).flatMap((seed) => (seed.kind === 'account' ? [seed.path] : []));
    if (new Set(paths).size < paths.length) delete account.pda;
  }
}

// Codama leaves events out, and their types with them. Without the list of events the types are rendered as all others are.
const events = idl.events;
idl.events = [];

/** The table of events: each one's first bytes and decoder. */
function eventTable() {
  const names = events.map((event) => event.name).sort();
  const cases = events
    .map(({ name, discriminator }) => `  ${name}: { discriminator: [${discriminator.join(', ')}], decoder: types.get${name}Decoder },`)
    .sort();
  return `// Written by scripts/generate.mjs from the program's IDL: do not edit.
import * as types from "./types";

/** Every event of the program, by its name. */
export type BallastEvents = {
${names.map((name) => `  ${name}: types.${name};`).join('\n')}
};

/** The first bytes of each event and how the rest is read. */
export const EVENTS: {
  readonly [Name in keyof BallastEvents]: {
    readonly discriminator: readonly number[];
    readonly decoder: () => { decode(bytes: Uint8Array): BallastEvents[Name] };
  };
} = {
${cases.join('\n')}
};
`;
}

async function generate(folder) {
  // The renderer says on the error stream where it renames what the IDL names twice.
  await createFromRoot(rootNodeFromAnchor(idl)).accept(
    renderVisitor(project, {
      generatedFolder: relative(project, folder),
      deleteFolderBeforeRendering: true,
      formatCode: true,
      syncPackageJson: false,
    }),
  );
  writeFileSync(join(folder, 'events.ts'), eventTable());
}

function files(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const found = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(found.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

if (!process.argv.includes('--check')) {
  await generate(committed);
} else {
  const fresh = mkdtempSync(join(project, '.generated-'));
  try {
    await generate(fresh);
    const [old, now] = [files(committed), files(fresh)];
    const names = [...new Set([...old.keys(), ...now.keys()])].sort();
    const different = names.filter((name) => old.get(name) !== now.get(name));
    if (different.length > 0) {
      console.error(`src/generated is not what idl/ballast.json gives: run \`npm run generate\` and commit it`);
      for (const name of different) {
        console.error(`  ${!old.has(name) ? 'missing' : !now.has(name) ? 'left over' : 'changed'}: ${name}`);
      }
      process.exitCode = 1;
    } else {
      console.log(`src/generated is what the IDL gives (${names.length} files)`);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
