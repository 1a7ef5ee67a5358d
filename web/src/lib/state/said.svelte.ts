// What was said in all sessions, as far as it has the words that are looked for.

import { api, got } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { Found } from '$lib/api/types';

/** It waits a little longer than the search of titles: it has more to look through. */
const SEARCH_AFTER = 250;
const MOST = 30;
/** Titles are found in the list itself. */
const TITLES = 'session_renamed';

class Said {
	/** What was found, and for which words. */
	#found = $state.raw<{ words: string; items: readonly Found[]; problem?: Problem } | undefined>();
	#words = $state('');
	#timer: ReturnType<typeof setTimeout> | undefined;
	#asking: AbortController | undefined;

	/** For the words that are looked for now; absent while the server has not answered. */
	get found(): readonly Found[] | undefined {
		return this.#found?.words === this.#words ? this.#found.items : undefined;
	}

	get problem(): Problem | undefined {
		return this.#found?.words === this.#words ? this.#found.problem : undefined;
	}

	/** Looks for these words from now on; for nothing, when there is none. */
	search(query: string): void {
		const words = query.trim();
		if (words === this.#words) return;
		clearTimeout(this.#timer);
		this.#asking?.abort();
		this.#words = words;
		if (words) this.#timer = setTimeout(() => void this.#ask(words), SEARCH_AFTER);
		else this.#found = undefined;
	}

	async #ask(words: string): Promise<void> {
		const { signal } = (this.#asking = new AbortController());
		try {
			const query = { q: words, limit: MOST };
			const { items } = await got(api.GET('/v2/search', { params: { query }, signal }));
			if (!signal.aborted) this.#found = { words, items: items.filter(({ kind }) => kind !== TITLES) };
		} catch (thrown) {
			if (!signal.aborted) this.#found = { words, items: [], problem: problemOf(thrown) };
		}
	}
}

export const said = new Said();
