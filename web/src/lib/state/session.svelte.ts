// One session as the page shows it: its record, the part of its conversation that was loaded, and what is being written.
//
// What arrives is gathered and taken in once per frame, so that a flood of events costs one redraw.

import { api, got } from '$lib/api/client';
import { problemOf, sentence, type Problem } from '$lib/api/problem';
import type { Delta, SessionEvent, Snapshot } from '$lib/api/types';
import { EMPTY, conversationAfter, type Conversation } from '$lib/feed/conversation';
import { extended, hasGap, refreshed, type LiveText } from '$lib/feed/live';
import { EventLog } from '$lib/feed/log';
import { recordAfter } from '$lib/feed/record';
import { server } from './server.svelte';

const HISTORY_PAGE = 200;
const CATCH_UP_PAGE = 1000;
const HIDDEN_PAUSE = 250;
const RESYNC_PAUSE = 500;

export type Lives = ReadonlyMap<string, LiveText>;

/** Names what live text belongs to. */
export const liveKey = (target: Delta['target']): string => `${target.type}:${target.id}`;

export class OpenSession {
	readonly id: string;
	record = $state.raw<Snapshot | undefined>();
	conversation = $state.raw<Conversation>(EMPTY);
	lives = $state.raw<Lives>(new Map());
	problem = $state.raw<Problem | undefined>();
	removed = $state(false);
	loadingOlder = $state(false);
	/** Raised when files may have changed. */
	filesVersion = $state(0);
	/** Raised when something else is kept of them. */
	changesVersion = $state(0);
	/** Raised when there may be other terminals. */
	terminalsVersion = $state(0);
	/** The first event of the loaded part. */
	#first = $state(Number.MAX_SAFE_INTEGER);

	#log: EventLog | undefined;
	#events: SessionEvent[] = [];
	#deltas: Delta[] = [];
	#scheduled = false;
	#resync: ReturnType<typeof setTimeout> | undefined;
	#catchingUp = false;
	#over = false;

	/** Only how it is now is wanted, not what was said. */
	readonly #recordOnly: boolean;

	constructor(id: string, { recordOnly = false } = {}) {
		this.id = id;
		this.#recordOnly = recordOnly;
	}

	/** The whole conversation is loaded, from its first event. */
	get isWhole(): boolean {
		return this.#first <= 1;
	}

	/** Loads the session and follows it until the returned function is called. */
	run(): () => void {
		// What arrives while the session is being loaded waits for it.
		const stop = server.feed.listen(this.id, {
			event: (event) => this.#queue(() => this.#events.push(event)),
			delta: (delta) => this.#queue(() => this.#deltas.push(delta)),
			snapshot: (later) => void this.#resumeFrom(later),
			removed: () => (this.removed = true),
			error: (code, message) => (this.problem = { code, message: sentence(message) })
		});
		void this.#load();
		return () => {
			this.#over = true;
			clearTimeout(this.#resync);
			stop();
		};
	}

	async retry(): Promise<void> {
		this.problem = undefined;
		await this.#load();
	}

	async #load(): Promise<void> {
		try {
			const snapshot = await this.#fetchSnapshot();
			if (this.#over) return;
			this.#begin(snapshot);
			if (!this.#recordOnly) await this.older();
		} catch (thrown) {
			this.problem = problemOf(thrown);
		}
	}

	#begin(snapshot: Snapshot): void {
		this.#log = new EventLog(snapshot.last_seq);
		this.#first = this.#log.first;
		this.conversation = EMPTY;
		this.lives = new Map();
		this.#takeSnapshot(snapshot);
		const position = server.feed.from(this.id, snapshot.last_seq, !this.#recordOnly);
		this.#flush();
		// Another view may follow it too, and be further on.
		void this.#catchUp(this.#log, position);
	}

	/** Loads the page of history before what is loaded. */
	async older(): Promise<void> {
		const log = this.#log;
		if (!log || this.loadingOlder || log.first <= 1) return;
		this.loadingOlder = true;
		try {
			const events = await this.#fetchEvents({ before: log.first, limit: HISTORY_PAGE });
			if (log !== this.#log || this.#over) return;
			this.#flush();
			if (log.prepend(events) > 0) this.conversation = conversationAfter(EMPTY, log.events);
			this.#first = log.first;
		} catch (thrown) {
			this.problem = problemOf(thrown);
		} finally {
			this.loadingOlder = false;
		}
	}

	#queue(add: () => void): void {
		add();
		if (this.#scheduled) return;
		this.#scheduled = true;
		// A hidden page gets no frames.
		if (document.hidden) setTimeout(() => this.#flush(), HIDDEN_PAUSE);
		else requestAnimationFrame(() => this.#flush());
	}

	#flush(): void {
		this.#scheduled = false;
		const log = this.#log;
		if (!log || this.#over) return;
		const grown = this.#events.flatMap((event) => log.add(event));
		const deltas = this.#deltas;
		this.#events = [];
		this.#deltas = [];
		// Text first: the event that finishes it may have come in the same moment, and closes it.
		if (deltas.length > 0) this.#takeDeltas(deltas);
		if (grown.length > 0) this.#takeEvents(grown);
		if (log.hasGap) void this.#catchUp(log);
	}

	#takeEvents(events: readonly SessionEvent[]): void {
		this.conversation = conversationAfter(this.conversation, events);
		if (this.record) this.record = events.reduce(recordAfter, this.record);
		this.#closeLives(events);
		if (events.some(touchesFiles)) this.filesVersion += 1;
		if (events.some(touchesChanges)) this.changesVersion += 1;
		if (events.some(touchesTerminals)) this.terminalsVersion += 1;
	}

	/** Finished texts are events; their live form is no longer wanted. */
	#closeLives(events: readonly SessionEvent[]): void {
		const lives = new Map(this.lives);
		for (const { kind, body } of events) {
			if (kind === 'call_finished') lives.delete(`call:${body.call}`);
			if (kind !== 'agent_message' && kind !== 'message_aborted') continue;
			lives.delete(`message:${body.message}`);
			lives.delete(`reasoning:${body.message}`);
		}
		if (lives.size !== this.lives.size) this.lives = lives;
	}

	#takeDeltas(deltas: readonly Delta[]): void {
		const lives = new Map(this.lives);
		for (const delta of deltas) {
			const key = liveKey(delta.target);
			lives.set(key, extended(lives.get(key), delta));
		}
		this.lives = lives;
		if ([...lives.values()].some(hasGap)) this.#resyncSoon();
	}

	#takeSnapshot(snapshot: Snapshot): void {
		// One that is older than what is known tells of texts that are finished by now.
		if (this.#log && snapshot.last_seq < this.#log.last) return;
		this.record = snapshot;
		const lives = new Map(this.lives);
		for (const delta of snapshot.partial) {
			const key = liveKey(delta.target);
			lives.set(key, refreshed(lives.get(key), delta));
		}
		this.lives = lives;
	}

	/** Live text was lost with a connection: the snapshot has all of it so far. */
	#resyncSoon(): void {
		this.#resync ??= setTimeout(async () => {
			try {
				this.#takeSnapshot(await this.#fetchSnapshot());
			} catch {
				// The next piece of text asks again.
			}
			this.#resync = undefined;
		}, RESYNC_PAUSE);
	}

	/** The feed begins anew, perhaps further on than the loaded part ends. */
	async #resumeFrom(snapshot: Snapshot): Promise<void> {
		const log = this.#log;
		if (!log) return;
		this.#flush();
		// A log that is shorter than what was seen of it is another log.
		if (snapshot.last_seq < log.last) return this.retry();
		this.#takeSnapshot(snapshot);
		await this.#catchUp(log, snapshot.last_seq);
	}

	/** Fetches what lies between the loaded part and what has arrived, or event `until`. */
	async #catchUp(log: EventLog, until = 0): Promise<void> {
		if (this.#catchingUp) return;
		this.#catchingUp = true;
		try {
			while (log.hasGap || log.last < until) {
				const events = await this.#fetchEvents({ after: log.last, limit: CATCH_UP_PAGE });
				if (log !== this.#log || this.#over) return;
				const grown = events.flatMap((event) => log.add(event));
				if (grown.length > 0) this.#takeEvents(grown);
				if (grown.length === 0) return;
			}
		} catch (thrown) {
			this.problem = problemOf(thrown);
		} finally {
			this.#catchingUp = false;
		}
	}

	#fetchSnapshot(): Promise<Snapshot> {
		return got(api.GET('/v2/sessions/{id}', { params: { path: { id: this.id } } }));
	}

	async #fetchEvents(query: { after?: number; before?: number; limit: number }): Promise<SessionEvent[]> {
		const page = await got(api.GET('/v2/sessions/{id}/events', { params: { path: { id: this.id }, query } }));
		return page.events;
	}
}

function touchesFiles({ kind }: SessionEvent): boolean {
	return (
		kind === 'call_finished' ||
		kind === 'file_received' ||
		kind === 'source_fetched' ||
		kind === 'run_finished' ||
		kind === 'workspace_restored'
	);
}

function touchesChanges({ kind }: SessionEvent): boolean {
	return kind === 'snapshot_taken' || kind === 'workspace_restored' || kind === 'run_finished';
}

function touchesTerminals({ kind }: SessionEvent): boolean {
	return kind === 'terminal_opened' || kind === 'terminal_closed' || kind === 'sandbox_closed';
}
