// Which items of a conversation are drawn together: runs of like calls fold into one line.

import type { CallItem, Item } from './conversation';

export interface Fold {
	readonly type: 'fold';
	readonly id: string;
	readonly family: Family;
	readonly calls: readonly CallItem[];
}

/** What whoever was given a part of the work says and does. */
export interface Part {
	readonly type: 'part';
	readonly id: string;
	readonly call: CallItem;
	readonly rows: readonly Row[];
	readonly steps: number;
}

export type Family = 'read' | 'write' | 'run' | 'look';
export type Row = Item | Fold | Part;

/** From so many like calls on, they fold. What only looks is of less interest than what changes something. */
const FOLDS_FROM: Readonly<Record<Family, number>> = { read: 2, look: 2, write: 3, run: 3 };

const FAMILIES: Readonly<Record<string, Family>> = {
	read_file: 'read',
	list_files: 'look',
	find_files: 'look',
	search_text: 'look',
	write_file: 'write',
	edit_file: 'write',
	create_directory: 'write',
	execute_command: 'run'
};

/** The rows that are drawn. What went wrong, still runs or waits for somebody is never folded away. */
export function rowsOf(all: readonly Item[]): Row[] {
	const parts = partsOf(all);
	// What waits for somebody stands where it is seen.
	const items = all.filter((item) => !item.within || isAsked(item));
	return folded(items).flatMap((row): Row[] => {
		const own = row.type === 'call' ? parts.get(row.id) : undefined;
		if (row.type !== 'call' || !own) return [row];
		const steps = own.filter((item) => item.type === 'message' || item.type === 'call').length;
		return [row, { type: 'part', id: `part-${row.id}`, call: row, rows: folded(own), steps }];
	});
}

function partsOf(items: readonly Item[]): Map<string, Item[]> {
	const parts = new Map<string, Item[]>();
	for (const item of items) {
		if (!item.within || isAsked(item)) continue;
		const known = parts.get(item.within);
		if (known) known.push(item);
		else parts.set(item.within, [item]);
	}
	return parts;
}

const isAsked = (item: Item) => item.type === 'call' && item.stage === 'asked';

function folded(items: readonly Item[]): (Item | Fold)[] {
	const rows: (Item | Fold)[] = [];
	let like: CallItem[] = [];
	let family: Family | undefined;
	const close = () => {
		const [first] = like;
		if (first && family && like.length >= FOLDS_FROM[family]) {
			rows.push({ type: 'fold', id: `fold-${first.id}`, family, calls: like });
		} else rows.push(...like);
		like = [];
		family = undefined;
	};
	for (const item of items) {
		if (isToldElsewhere(item)) continue;
		const own = foldable(item);
		if (own !== family) close();
		if (own && item.type === 'call') {
			family = own;
			like.push(item);
		} else rows.push(item);
	}
	close();
	return rows;
}

function foldable(item: Item): Family | undefined {
	return item.type === 'call' && item.outcome?.status === 'succeeded' ? FAMILIES[item.tool] : undefined;
}

/** The artifact that a call handed out stands in the conversation itself. */
function isToldElsewhere(item: Item): boolean {
	return item.type === 'call' && item.tool === 'publish_artifact' && item.outcome?.status === 'succeeded';
}
