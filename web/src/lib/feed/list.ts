// The list of sessions while it changes. Pure: what is read and what is told arrive in any order, and the newer one counts.

import type { SessionSummary } from '$lib/api/types';

type List = readonly SessionSummary[];

/** The list after it was told how one session is now. The newest activity comes first. */
export function afterChange(list: List, summary: SessionSummary): SessionSummary[] {
	const known = list.find(({ id }) => id === summary.id);
	const rest = list.filter(({ id }) => id !== summary.id);
	return ordered([newer(known, summary), ...rest]);
}

/**
 * The list after its first page was read. What was told meanwhile stays when it is newer; when there are further pages,
 * so does what was read of them before.
 */
export function afterReading(list: List, page: List, hasMore: boolean): SessionSummary[] {
	const known = new Map(list.map((item) => [item.id, item]));
	const fresh = page.map((item) => newer(known.get(item.id), item));
	if (!hasMore) return fresh;
	const oldest = page.at(-1)?.updated_at ?? 0;
	return joined(
		fresh,
		list.filter(({ updated_at }) => updated_at <= oldest)
	);
}

/** The first ones, and those of the others that are not among them. */
export function joined(first: List, others: List): SessionSummary[] {
	const known = new Set(first.map(({ id }) => id));
	return [...first, ...others.filter(({ id }) => !known.has(id))];
}

function newer(one: SessionSummary | undefined, other: SessionSummary): SessionSummary {
	return one && one.last_seq > other.last_seq ? one : other;
}

function ordered(list: SessionSummary[]): SessionSummary[] {
	return list.sort((a, b) => b.updated_at - a.updated_at);
}
