// The list of sessions, kept true: it is read once, and then the page's socket tells of every session that it would show
// otherwise.

import { api, got } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { SessionSummary } from '$lib/api/types';
import { afterChange, afterReading, joined } from '$lib/feed/list';
import { GROUPS, groupOf, type Group } from '$lib/words/states';
import { notices } from './notices.svelte';
import { server } from './server.svelte';

const PAGE = 100;
/** A search waits for the end of a word being typed. */
const SEARCH_AFTER = 150;
/** What was found is searched for again when sessions have changed, but not for each of them. */
const SEARCH_AGAIN_AFTER = 400;

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
	/** What is told while the list is being read. */
	#told: (() => void)[] | undefined;
	#searchTimer: ReturnType<typeof setTimeout> | undefined;
	/** The rest of the list, when there is one. */
	#next = $state<string | undefined>();
	/** Deleted, but it can still be undone. */
	#hidden = $state.raw<ReadonlySet<string>>(new Set());

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
		// The socket has to come up first, and the list is not to wait for it.
		void this.refresh();
		const stop = server.feed.watch({
			begin: () => void this.refresh(),
			changed: (summary) => this.#hear(() => this.#take(summary)),
			removed: (id) => this.#hear(() => this.#forget(id))
		});
		return () => {
			stop();
			this.#told = undefined;
			this.search('');
			this.items = [];
			this.#next = undefined;
			this.loaded = false;
		};
	}

	async refresh(): Promise<void> {
		// It is newer than what will be read.
		const told: (() => void)[] = (this.#told = []);
		try {
			const { items, next } = await got(api.GET('/v2/sessions', { params: { query: { limit: PAGE } } }));
			// Somebody reads it anew.
			if (told !== this.#told) return;
			const hadMore = this.items.length > items.length;
			this.items = afterReading(this.items, items, next !== undefined && next !== null);
			// Further pages that were read stay.
			if (!next || !hadMore) this.#next = next ?? undefined;
			this.#told = undefined;
			for (const again of told) again();
			this.loaded = true;
			this.problem = undefined;
			this.#searchAgain();
		} catch (thrown) {
			this.problem = problemOf(thrown);
		}
	}

	async more(): Promise<void> {
		if (this.#words) return this.#moreFound();
		if (!this.#next) return;
		const query = { limit: PAGE, cursor: this.#next };
		const { items, next } = await got(api.GET('/v2/sessions', { params: { query } }));
		this.items = joined(this.items, items);
		this.#next = next ?? undefined;
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
		this.#told?.push(() => this.add(summary));
		if (this.items.some(({ id }) => id === summary.id)) return;
		this.items = [summary, ...this.items];
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
		this.items = this.items.filter((item) => item.id !== id);
		if (this.#found)
			this.#found = { ...this.#found, items: this.#found.items.filter((item) => item.id !== id) };
	}

	#hear(news: () => void): void {
		news();
		this.#told?.push(news);
	}

	#take(summary: SessionSummary): void {
		this.items = afterChange(this.items, summary);
		this.#searchAgain();
	}

	#searchAgain(): void {
		const words = this.#words;
		if (!words || !this.#found) return;
		clearTimeout(this.#searchTimer);
		this.#searchTimer = setTimeout(() => void this.#ask(words), SEARCH_AGAIN_AFTER);
	}
}

export const sessions = new Sessions();
