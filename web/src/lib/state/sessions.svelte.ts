// The list of sessions, kept true: every event of a listed session reaches it over the page's socket, and the list is
// read again when something changed, and now and then for what others began.

import { api, got } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { SessionEvent, SessionSummary, Status } from '$lib/api/types';
import { GROUPS, groupOf, type Group } from '$lib/words/states';
import { notices } from './notices.svelte';
import { server } from './server.svelte';

const PAGE = 100;
/** The open session needs a place on the socket too, which takes 200. */
const MOST_FOLLOWED = 150;
const REFRESH_EVERY = 5000;
const REFRESH_AFTER_CHANGE = 400;
/** A search waits for the end of a word being typed. */
const SEARCH_AFTER = 150;

/** What an event says about a session's status, when it says it by itself. */
const STATUS_AFTER: Partial<Record<SessionEvent['kind'], Status>> = {
	run_started: 'running',
	approval_requested: 'waiting',
	run_finished: 'idle',
	session_ending: 'ending',
	session_ended: 'ended',
	session_failed: 'failed',
	session_retried: 'idle'
};

const CHANGES_THE_LIST: ReadonlySet<SessionEvent['kind']> = new Set([
	...(Object.keys(STATUS_AFTER) as SessionEvent['kind'][]),
	'session_renamed',
	'approval_answered',
	'sandbox_closed',
	'sandbox_opened'
]);

interface Found {
	readonly words: string;
	readonly items: readonly SessionSummary[];
	/** Where the next page begins. */
	readonly next?: string;
}

class Sessions {
	items = $state.raw<readonly SessionSummary[]>([]);
	loaded = $state(false);
	problem = $state.raw<Problem | undefined>();
	query = $state('');
	/** What is searched for. */
	readonly #words = $derived(this.query.trim());
	/** What the server found for the words that it was asked for. */
	#found = $state.raw<Found | undefined>();
	#search: AbortController | undefined;
	#searchTimer: ReturnType<typeof setTimeout> | undefined;
	/** The rest of the list, when there is one. */
	#next = $state<string | undefined>();
	/** Deleted, but it can still be undone. */
	#hidden = $state.raw<ReadonlySet<string>>(new Set());
	#following = new Map<string, () => void>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#running = false;

	readonly visible = $derived.by(() => {
		const words = this.#words;
		const known = new Map(this.items.map((item) => [item.id, item]));
		// Until the server has answered, what is here already is searched.
		const found =
			words && this.#found?.words === words
				? this.#found.items.map((item) => known.get(item.id) ?? item)
				: this.items.filter(({ title }) => title.toLowerCase().includes(words.toLowerCase()));
		return found.filter(({ id }) => !this.#hidden.has(id));
	});

	readonly groups = $derived(
		GROUPS.map((name) => ({
			name,
			items: this.visible.filter(({ status }) => groupOf(status) === name)
		})).filter(({ items }) => items.length > 0)
	);

	/** In the order in which they are shown. */
	readonly ordered = $derived(this.groups.flatMap(({ items }) => items));

	/** The server is being asked for what was typed. */
	readonly searching = $derived(this.#words !== '' && this.#found?.words !== this.#words);

	get hasMore(): boolean {
		return (this.#words ? this.#found?.next : this.#next) !== undefined;
	}

	/** How many there are of a group, whatever is searched for. */
	count(group: Group): number {
		return this.items.filter(({ id, status }) => groupOf(status) === group && !this.#hidden.has(id)).length;
	}

	/** Runs until the returned function is called. */
	run(): () => void {
		this.#running = true;
		void this.refresh();
		const look = () => !document.hidden && this.#refreshSoon(0);
		document.addEventListener('visibilitychange', look);
		return () => {
			this.#running = false;
			clearTimeout(this.#timer);
			this.search('');
			document.removeEventListener('visibilitychange', look);
			for (const stop of this.#following.values()) stop();
			this.#following.clear();
			this.items = [];
			this.loaded = false;
		};
	}

	async refresh(): Promise<void> {
		clearTimeout(this.#timer);
		try {
			const { items, next } = await got(api.GET('/v2/sessions', { params: { query: { limit: PAGE } } }));
			const fresh = new Set(items.map(({ id }) => id));
			const oldest = items.at(-1)?.updated_at ?? 0;
			// Further pages that were read stay, as far as they lie behind this one.
			const rest = next
				? this.items.filter(({ id, updated_at }) => !fresh.has(id) && updated_at <= oldest)
				: [];
			this.items = [...items, ...rest];
			if (rest.length === 0) this.#next = next ?? undefined;
			this.loaded = true;
			this.problem = undefined;
			if (this.#running) this.#follow();
			if (this.#words && this.#found) void this.#ask(this.#words);
		} catch (thrown) {
			this.problem = problemOf(thrown);
		}
		if (this.#running) this.#refreshSoon(REFRESH_EVERY);
	}

	async more(): Promise<void> {
		if (this.#words) return this.#moreFound();
		if (!this.#next) return;
		const query = { limit: PAGE, cursor: this.#next };
		const { items, next } = await got(api.GET('/v2/sessions', { params: { query } }));
		this.items = joined(this.items, items);
		this.#next = next ?? undefined;
		this.#follow();
	}

	/** Searches all sessions for what is typed. An answer to what was typed before is not waited for. */
	search(query: string): void {
		this.query = query;
		clearTimeout(this.#searchTimer);
		this.#search?.abort();
		const words = query.trim();
		if (words) this.#searchTimer = setTimeout(() => void this.#ask(words), SEARCH_AFTER);
		else this.#found = undefined;
	}

	async #ask(words: string): Promise<void> {
		this.#search?.abort();
		const { signal } = (this.#search = new AbortController());
		try {
			const query = { q: words, limit: PAGE };
			const { items, next } = await got(api.GET('/v2/sessions', { params: { query }, signal }));
			if (signal.aborted) return;
			// Further pages that were read stay.
			const before = this.#found?.words === words ? this.#found : undefined;
			const hasGrown = before !== undefined && before.items.length > items.length;
			this.#found = {
				words,
				items: hasGrown ? joined(items, before.items) : items,
				next: hasGrown ? before.next : (next ?? undefined)
			};
		} catch (thrown) {
			if (!signal.aborted) notices.fail(thrown);
		}
	}

	async #moreFound(): Promise<void> {
		const found = this.#found;
		if (!found?.next) return;
		const query = { q: found.words, limit: PAGE, cursor: found.next };
		const { items, next } = await got(api.GET('/v2/sessions', { params: { query } }));
		// Something else was searched for meanwhile.
		if (this.#found?.words !== found.words) return;
		this.#found = { ...found, items: joined(found.items, items), next: next ?? undefined };
	}

	/** Puts a session that was just made into the list, before the server tells of it. */
	add(summary: SessionSummary): void {
		if (this.items.some(({ id }) => id === summary.id)) return;
		this.items = [summary, ...this.items];
		this.#follow();
	}

	/** Deletes a session in ten seconds, unless that is undone. */
	delete(id: string, title: string, undone: () => void): void {
		const hide = (hidden: boolean) => {
			const next = new Set(this.#hidden);
			if (hidden) next.add(id);
			else next.delete(id);
			this.#hidden = next;
		};
		hide(true);
		const act = async () => {
			try {
				// It must go through even when the page is being left.
				await got(api.DELETE('/v2/sessions/{id}', { params: { path: { id } }, keepalive: true }));
				this.#forget(id);
			} catch (thrown) {
				notices.fail(thrown);
			}
			hide(false);
		};
		notices.undoable(
			`Deleted “${title}”`,
			() => void act(),
			() => {
				hide(false);
				undone();
			}
		);
	}

	#forget(id: string): void {
		this.#following.get(id)?.();
		this.#following.delete(id);
		this.items = this.items.filter((item) => item.id !== id);
		if (this.#found)
			this.#found = { ...this.#found, items: this.#found.items.filter((item) => item.id !== id) };
	}

	#follow(): void {
		const wanted = this.items.filter(({ status }) => status !== 'ended').slice(0, MOST_FOLLOWED);
		const ids = new Set(wanted.map(({ id }) => id));
		for (const [id, stop] of this.#following) {
			if (ids.has(id)) continue;
			stop();
			this.#following.delete(id);
		}
		for (const { id, last_seq } of wanted) {
			if (this.#following.has(id)) continue;
			const changed = () => this.#refreshSoon(REFRESH_AFTER_CHANGE);
			const listener = {
				event: (event: SessionEvent) => this.#take(event),
				snapshot: changed,
				removed: () => this.#forget(id)
			};
			this.#following.set(id, server.feed.follow(id, last_seq, listener));
		}
	}

	#take(event: SessionEvent): void {
		if (!CHANGES_THE_LIST.has(event.kind)) return;
		const status = STATUS_AFTER[event.kind];
		const title = event.kind === 'session_renamed' ? event.body.title : undefined;
		this.items = this.items.map((item) => {
			if (item.id !== event.session || event.seq <= item.last_seq) return item;
			return { ...item, status: status ?? item.status, title: title ?? item.title, updated_at: event.at };
		});
		this.#refreshSoon(REFRESH_AFTER_CHANGE);
	}

	#refreshSoon(millis: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			if (document.hidden) this.#refreshSoon(REFRESH_EVERY);
			else void this.refresh();
		}, millis);
	}
}

/** The first ones, and those of the others that are not among them. */
function joined(first: readonly SessionSummary[], others: readonly SessionSummary[]): SessionSummary[] {
	const known = new Set(first.map(({ id }) => id));
	return [...first, ...others.filter(({ id }) => !known.has(id))];
}

export const sessions = new Sessions();
