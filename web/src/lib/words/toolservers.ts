// How people write down a server of tools: its command, its address, or what stands in an `mcp.json`.

import type { ToolServer } from '$lib/api/types';

/** A server as it would stand in an `mcp.json`. */
export interface NamedServer {
	name: string;
	entry: Record<string, unknown>;
}

export type Written = { servers: readonly NamedServer[] } | { problem: string };

/** The words of a command line. Quotes keep words together; nothing is expanded. */
export function wordsOf(line: string): string[] | undefined {
	const words: string[] = [];
	let word: string | undefined;
	let quote = '';
	for (let at = 0; at < line.length; at += 1) {
		const letter = line[at]!;
		if (quote) {
			if (letter === quote) quote = '';
			else if (letter === '\\' && quote === '"' && /["\\$`]/.test(line[at + 1] ?? '')) word += line[++at]!;
			else word += letter;
		} else if (letter === '"' || letter === "'") {
			quote = letter;
			word ??= '';
		} else if (letter === '\\' && at + 1 < line.length) {
			word = (word ?? '') + line[++at]!;
		} else if (/\s/.test(letter)) {
			if (word !== undefined) words.push(word);
			word = undefined;
		} else {
			word = (word ?? '') + letter;
		}
	}
	if (quote) return undefined;
	if (word !== undefined) words.push(word);
	return words;
}

/** `NAME=VALUE`, one a line; with `:` as well, since headers are written so. */
export function pairsOf(text: string): Record<string, string> | undefined {
	const pairs: [string, string][] = [];
	for (const line of text.split('\n').map((line) => line.trim())) {
		if (line === '') continue;
		const [, name, value] = /^([^\s=:]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
		if (name === undefined || value === undefined) return undefined;
		pairs.push([name, value]);
	}
	return Object.fromEntries(pairs);
}

/** What was written as one server or several, or why it cannot be read. `extra` are variables, or headers. */
export function serversIn(text: string, name: string, extra = ''): Written {
	const written = text.trim();
	if (written.startsWith('{')) return fromFile(written, name.trim());
	if (!name.trim()) return { problem: 'Say what it is called.' };
	const pairs = pairsOf(extra);
	if (!pairs) return { problem: 'Write variables and headers as NAME=VALUE, one a line.' };
	if (/^https?:\/\//i.test(written)) {
		return { servers: [{ name: name.trim(), entry: { type: 'http', url: written, headers: pairs } }] };
	}
	const [command, ...args] = wordsOf(written) ?? [];
	if (!command) return { problem: 'This is not a command: a quote in it is not closed.' };
	return { servers: [{ name: name.trim(), entry: { type: 'stdio', command, args, env: pairs } }] };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

function fromFile(text: string, name: string): Written {
	let file: unknown;
	try {
		file = JSON.parse(text);
	} catch (thrown) {
		return { problem: `This is not JSON: ${thrown instanceof Error ? thrown.message : 'it cannot be read'}` };
	}
	if (!isObject(file)) return { problem: 'This is no object as it stands in an mcp.json.' };
	if ('command' in file || 'url' in file) {
		return name ? { servers: [{ name, entry: file }] } : { problem: 'Say what it is called.' };
	}
	const named = Object.entries(isObject(file.mcpServers) ? file.mcpServers : file);
	const servers = named.flatMap(([name, entry]) => (isObject(entry) ? [{ name, entry }] : []));
	if (servers.length === 0 || servers.length < named.length) {
		return { problem: 'There is no “mcpServers” with servers in it.' };
	}
	return { servers };
}

/** How a server stands, in a few words. */
export function standing(server: ToolServer): { words: string; tone: 'on' | 'waits' | 'off' } {
	const missing = server.secrets.find(({ kept }) => !kept);
	if (!server.on) return { words: 'off', tone: 'off' };
	if (!server.fetched) return { words: 'its package is not here', tone: 'waits' };
	if (missing) return { words: `needs ${missing.name}`, tone: 'waits' };
	if (!server.agreed) return { words: 'nobody has agreed to its tools', tone: 'waits' };
	return { words: server.tools.length === 1 ? '1 tool' : `${server.tools.length} tools`, tone: 'on' };
}
