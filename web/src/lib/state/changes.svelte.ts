// What changed in a session's files, between what was kept of them and when.

import { api, got } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { Changes, FileDiff, TakenSnapshot } from '$lib/api/types';
import { clock } from '$lib/words/times';

/** From one snapshot to another. Without a first, from nothing. */
export interface Span {
	readonly key: string;
	readonly label: string;
	readonly from?: string;
	readonly to: string;
	/** The event with which the first was taken. */
	readonly fromSeq?: number;
}

/** What can be looked at, the likeliest first: the last run, everything, and each step from the newest on. */
export function spansOf(
	kept: readonly TakenSnapshot[],
	{ before_run: before, snapshot: now }: { before_run?: string | null; snapshot?: string | null }
): readonly Span[] {
	if (!now) return [];
	const seqOf = (id?: string) => kept.find(({ snapshot }) => snapshot.id === id)?.seq;
	const run = before
		? [{ key: 'run', label: 'The last run', from: before, to: now, fromSeq: seqOf(before) }]
		: [];
	const steps = kept.map(({ seq, at, snapshot }, place) => {
		const older = kept[place + 1];
		return {
			key: `until-${seq}`,
			label: `Up to ${clock(at)}`,
			from: older?.snapshot.id,
			to: snapshot.id,
			fromSeq: older?.seq
		};
	});
	return [...run, { key: 'all', label: 'Since the beginning', to: now }, ...steps];
}

export class SessionChanges {
	readonly #id: string;
	spans = $state.raw<readonly Span[] | undefined>();
	problem = $state.raw<Problem | undefined>();

	constructor(id: string) {
		this.#id = id;
	}

	async load(): Promise<void> {
		const path = { id: this.#id };
		try {
			const [session, kept] = await Promise.all([
				got(api.GET('/v2/sessions/{id}', { params: { path } })),
				got(api.GET('/v2/sessions/{id}/snapshots', { params: { path } }))
			]);
			this.spans = spansOf(kept.items, session);
			this.problem = undefined;
		} catch (thrown) {
			this.problem = problemOf(thrown);
		}
	}

	between({ from: since, to: snapshot }: Span): Promise<Changes> {
		const params = { path: { id: this.#id, snapshot }, query: { since } };
		return got(api.GET('/v2/sessions/{id}/snapshots/{snapshot}/changes', { params }));
	}

	of(path: string, { from: since, to: snapshot }: Span): Promise<FileDiff> {
		const params = { path: { id: this.#id, snapshot }, query: { since, path } };
		return got(api.GET('/v2/sessions/{id}/snapshots/{snapshot}/diff', { params }));
	}
}
