// Makes the types of the client from the server's own description of its interface.
//
//   node scripts/generate.mjs           writes src/lib/api/schema.d.ts
//   node scripts/generate.mjs --check   fails when it is stale
//
// The description is printed by `holt openapi`. HOLT_BIN names the program where it is not the debug build beside this
// directory.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapi, { astToString } from 'openapi-typescript';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '../src/lib/api/schema.d.ts');
const program = process.env.HOLT_BIN ?? join(here, '../../target/debug/holt');
const isCheck = process.argv.includes('--check');

if (!existsSync(program)) {
	fail(`${program} is not there.`, 'Build it with `cargo build -p holt`, or name another with HOLT_BIN.');
}

const description = JSON.parse(
	execFileSync(program, ['openapi'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
);
const types = `// Made by scripts/generate.mjs from the server's OpenAPI document. Not to be edited.\n\n${astToString(await openapi(description, { defaultNonNullable: false }))}`;

// A field with a default may be left out of a request, so it is not required.
if (!isCheck) writeFileSync(target, types);
else if (!existsSync(target) || readFileSync(target, 'utf8') !== types) {
	fail(
		'src/lib/api/schema.d.ts is not what the server says.',
		'Run `npm run generate` and look at what changed.'
	);
}

/** @param {string[]} words */
function fail(...words) {
	console.error(words.join('\n'));
	process.exit(1);
}
