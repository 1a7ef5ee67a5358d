// Markdown as a tree of tokens, never as markup: what an agent writes can only become the elements that the page draws
// itself. Raw HTML stays text, addresses are of three harmless kinds, and nothing is loaded from elsewhere.

import { Marked, type Token } from 'marked';

/** Longer texts stay plain; reading them at every new word would hold the page up. */
const MAX_LENGTH = 256 * 1024;
/** So deep may lists and quotations be nested; what is deeper stays plain. */
export const MAX_DEPTH = 12;

const reader = new Marked({ gfm: true });

/** The blocks of a text. Blocks that are as they were in `previous` stay the same objects and are not drawn anew. */
export function blocksOf(text: string, previous: readonly Token[] = []): Token[] {
	const blocks = read(text).filter(({ type }) => type !== 'space' && type !== 'def');
	return blocks.map((block, at) => {
		const before = previous[at];
		return before?.raw === block.raw && before.type === block.type ? before : block;
	});
}

function read(text: string): Token[] {
	if (text.length <= MAX_LENGTH) {
		try {
			return reader.lexer(text);
		} catch {
			// Nested more deeply than anybody means: the reader gives up.
		}
	}
	return [{ type: 'plain', raw: text }];
}

/** The address of a link, if it is one that may be followed. */
export function safeAddress(href: string): string | undefined {
	try {
		const { protocol, href: whole } = new URL(href);
		return ['https:', 'http:', 'mailto:'].includes(protocol) ? whole : undefined;
	} catch {
		return undefined;
	}
}

const NAMED: Readonly<Record<string, string>> = {
	amp: '&',
	lt: '<',
	gt: '>',
	quot: '"',
	apos: "'",
	nbsp: '\u00a0',
	hellip: '…',
	mdash: '—',
	ndash: '–',
	lsquo: '‘',
	rsquo: '’',
	ldquo: '“',
	rdquo: '”',
	larr: '←',
	rarr: '→',
	times: '×',
	copy: '©'
};

/** Text with its character references resolved. Those that are not known stay as they are. */
export function resolved(text: string): string {
	if (!text.includes('&')) return text;
	return text.replace(
		/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g,
		(whole, decimal, hex, name) => {
			if (name) return NAMED[name] ?? whole;
			const code = decimal ? Number(decimal) : parseInt(hex, 16);
			const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
			return isCharacter ? String.fromCodePoint(code) : whole;
		}
	);
}
