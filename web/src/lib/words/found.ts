// What was found in what was said: where the words that were looked for stand in it.

export interface Stretch {
	text: string;
	/** It is what was looked for. */
	hit: boolean;
}

/** As the server takes a search apart: words are letters and digits, and are looked for by their beginnings. */
const WORD = /[\p{L}\p{N}]+/gu;

/** The text in stretches, with those marked that begin as one of the words does. */
export function marked(text: string, query: string): Stretch[] {
	const wanted = (query.match(WORD) ?? []).map((word) => word.toLowerCase());
	const stretches: Stretch[] = [];
	let from = 0;
	for (const { 0: word, index } of text.matchAll(WORD)) {
		const small = word.toLowerCase();
		const longest = wanted.filter((one) => small.startsWith(one)).sort((a, b) => b.length - a.length)[0];
		if (!longest) continue;
		const to = index + Math.min(longest.length, word.length);
		if (index > from) stretches.push({ text: text.slice(from, index), hit: false });
		stretches.push({ text: text.slice(index, to), hit: true });
		from = to;
	}
	if (from < text.length) stretches.push({ text: text.slice(from), hit: false });
	return stretches;
}
