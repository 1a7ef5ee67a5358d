// Short words at the edge of the page: what was done and can be undone, and what went wrong with no better place.

import { problemOf, type Problem } from '$lib/api/problem';

export interface Notice {
	id: number;
	text: string;
	problem?: Problem;
	undo?: () => void;
	/** When it goes by itself. */
	until: number;
}

const SHOWN_FOR = 6000;
const UNDO_FOR = 10_000;
const PROBLEM_FOR = 15_000;

class Notices {
	list = $state.raw<readonly Notice[]>([]);
	#next = 1;
	#pending = new Map<number, () => void>();

	say(text: string): void {
		this.#show({ text }, SHOWN_FOR);
	}

	/** Shows whatever was thrown. */
	fail(thrown: unknown): void {
		const problem = problemOf(thrown);
		this.#show({ text: problem.message, problem }, PROBLEM_FOR);
	}

	/** Says what is about to happen; it happens after ten seconds, or when the page is left, unless it is undone. */
	undoable(text: string, act: () => void, undone: () => void): void {
		const settle = (then: () => void) => {
			this.#pending.delete(id);
			this.dismiss(id);
			then();
		};
		const timer = setTimeout(() => settle(act), UNDO_FOR);
		const undo = () => {
			clearTimeout(timer);
			settle(undone);
		};
		const id = this.#show({ text, undo }, UNDO_FOR);
		this.#pending.set(id, () => {
			clearTimeout(timer);
			settle(act);
		});
	}

	/** The page is being left: what waits to happen happens now. */
	settleAll(): void {
		for (const act of [...this.#pending.values()]) act();
	}

	dismiss(id: number): void {
		// Sending the word away does not undo the deed: it only happens at once.
		const act = this.#pending.get(id);
		if (act) return act();
		this.list = this.list.filter((notice) => notice.id !== id);
	}

	#show(notice: Omit<Notice, 'id' | 'until'>, millis: number): number {
		const id = this.#next++;
		this.list = [...this.list.slice(-3), { ...notice, id, until: Date.now() + millis }];
		if (!notice.undo) setTimeout(() => this.dismiss(id), millis);
		return id;
	}
}

export const notices = new Notices();
