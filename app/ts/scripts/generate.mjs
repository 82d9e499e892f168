// Generates src/generated from the program's IDL. Run by `npm run generate`; the result is committed, and a check in CI shows that it is
// still what the IDL gives.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { createFromRoot } from 'codama';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';

const here = dirname(fileURLToPath(import.meta.url));
const idl = JSON.parse(readFileSync(join(here, '../../../idl/ballast.json'), 'utf8'));
const codama = createFromRoot(rootNodeFromAnchor(idl));
await codama.accept(renderVisitor(join(here, '..'), {
  generatedFolder: process.argv[2] ?? 'src/generated',
  deleteFolderBeforeRendering: true,
  formatCode: true,
  syncPackageJson: false,
}));
