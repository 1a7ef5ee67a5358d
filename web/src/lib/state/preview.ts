// What can be shown of a file: its text, or its picture. Everything comes through the interface with the key, as bytes;
// the browser never opens a file of a workspace as a page.

import { raw } from '$lib/api/client';
import type { Entry } from '$lib/api/types';
import { size } from '$lib/words/numbers';

export type Look =
	| { kind: 'text'; text: string; isCut: boolean }
	| { kind: 'picture'; address: string }
	| { kind: 'none'; why: string };

const MOST_TEXT = 256 * 1024;
const MOST_PICTURE = 16 * 1024 * 1024;

const PICTURES: Readonly<Record<string, string>> = {
	png: 'image/png',
	jpg: 'image/jpeg',
	jpeg: 'image/jpeg',
	gif: 'image/gif',
	webp: 'image/webp'
};

export async function looked(path: string, entry: Entry, signal: AbortSignal): Promise<Look> {
	const type = PICTURES[entry.name.split('.').at(-1)?.toLowerCase() ?? ''];
	if (type && entry.size <= MOST_PICTURE) {
		const bytes = await (await raw(path, { signal })).arrayBuffer();
		return { kind: 'picture', address: URL.createObjectURL(new Blob([bytes], { type })) };
	}
	if (entry.size === 0) return { kind: 'none', why: 'The file is empty.' };
	const headers = { Range: `bytes=0-${MOST_TEXT - 1}` };
	const bytes = new Uint8Array(await (await raw(path, { headers, signal })).arrayBuffer()).subarray(
		0,
		MOST_TEXT
	);
	const text = textOf(bytes);
	if (text === undefined)
		return { kind: 'none', why: `No preview of this kind of file (${size(entry.size)}).` };
	return { kind: 'text', text, isCut: entry.size > bytes.length };
}

/** The bytes as text, unless they are something else. A character cut through at the end is let go. */
export function textOf(bytes: Uint8Array): string | undefined {
	if (bytes.includes(0)) return undefined;
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
	} catch {
		return undefined;
	}
}
