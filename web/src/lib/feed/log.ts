// The part of a session's log that the page knows: an unbroken stretch of events, and those that came too early.
//
// Whatever order pages of history and live events arrive in, however often, the stretch holds every event at most once,
// in order, without gaps.

import type { SessionEvent } from '$lib/api/types';

/** So many events may wait for one that is missing. Beyond that they are fetched again. */
const MAX_EARLY = 2000;

export class EventLog {
	#events: SessionEvent[] = [];
	#early = new Map<number, SessionEvent>();
	#last: number;

	/** Begins after event `last`, with nothing known. */
	constructor(last: number) {
		this.#last = last;
	}

	get events(): readonly SessionEvent[] {
		return this.#events;
	}

	/** The number of the last event of the stretch; what the session's feed is resumed from. */
	get last(): number {
		return this.#last;
	}

	/** The number of the first event of the stretch, or of the one that it would begin with. */
	get first(): number {
		return this.#last - this.#events.length + 1;
	}

	/** Events wait for something between `last` and themselves. */
	get hasGap(): boolean {
		return this.#early.size > 0;
	}

	/** Takes a later event. Returns the events by which the stretch grew. */
	add(event: SessionEvent): SessionEvent[] {
		if (event.seq <= this.#last) return [];
		if (event.seq > this.#last + 1) {
			if (this.#early.size < MAX_EARLY) this.#early.set(event.seq, event);
			return [];
		}
		const grown = [event];
		this.#early.delete(event.seq);
		for (let seq = event.seq + 1; ; seq += 1) {
			const next = this.#early.get(seq);
			if (!next) break;
			this.#early.delete(seq);
			grown.push(next);
		}
		this.#events.push(...grown);
		this.#last += grown.length;
		return grown;
	}

	/** Takes a page of older events. Returns how many of them were new and joined the stretch. */
	prepend(page: readonly SessionEvent[]): number {
		const older: SessionEvent[] = [];
		let expected = this.first - 1;
		for (const event of [...page].sort((a, b) => b.seq - a.seq)) {
			if (event.seq !== expected) continue;
			older.push(event);
			expected -= 1;
		}
		this.#events.unshift(...older.reverse());
		return older.length;
	}
}
