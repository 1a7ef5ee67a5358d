// What happened in a session, in one line, to stand beside its picture.

import type { Item } from '$lib/feed/conversation';
import { callLine } from './calls';

const MAX = 200;

/** Nothing where it is not worth a line. */
export function happening(item: Item): string | undefined {
	switch (item.type) {
		case 'prompt':
			return cut(`${item.by}: ${item.text}`);
		case 'message':
			return item.text ? cut(item.text) : undefined;
		case 'call': {
			const { verb, object } = callLine(item);
			return cut(object ? `${verb} ${object}` : verb);
		}
		case 'artifact':
			return cut(`Handed out ${item.name}`);
		case 'note':
			return cut(item.text);
		case 'run-end':
			return undefined;
	}
}

function cut(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > MAX ? `${line.slice(0, MAX)}…` : line;
}
