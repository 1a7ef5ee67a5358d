// What of the page's own parts is open, and what the keyboard does in the view that is shown.

import { untrack } from 'svelte';

export interface Command {
	/** What it does, in the words of the palette. */
	label: string;
	/** The key, where it has one. */
	key?: string;
	act: () => void;
}

class Interface {
	palette = $state(false);
	help = $state(false);
	drawer = $state(false);
	/** What the open view adds to the palette and to the keys. */
	#commands = $state.raw<readonly Command[]>([]);

	get commands(): readonly Command[] {
		return this.#commands;
	}

	/** Offers commands until the returned function is called. */
	offer(commands: readonly Command[]): () => void {
		// Offered from effects, which must not wait for what they change themselves.
		this.#commands = [...untrack(() => this.#commands), ...commands];
		return () => {
			this.#commands = this.#commands.filter((command) => !commands.includes(command));
		};
	}

	/** A view's command for a key, when it offers one. */
	commandFor(key: string): Command | undefined {
		return this.#commands.findLast((command) => command.key === key);
	}
}

export const parts = new Interface();

/** Whether the keyboard is writing, so that letters are letters. */
export function isWriting(target: EventTarget | null): boolean {
	if (!(target instanceof HTMLElement)) return false;
	if (target.isContentEditable || target.matches('input, textarea, select')) return true;
	// A desktop that one drives has the keyboard for itself.
	return target.closest('[data-desktop]') !== null;
}

/** The field that takes a new prompt, wherever it stands. */
export function focusPrompt(): void {
	document.querySelector<HTMLTextAreaElement>('textarea[data-prompt]')?.focus();
}

/** Goes to the field that searches the list. Says whether there is one in sight. */
export function focusSearch(): boolean {
	const field = [...document.querySelectorAll<HTMLInputElement>('input[data-search]')].find(
		(candidate) => candidate.offsetParent !== null
	);
	field?.focus();
	field?.select();
	return field !== undefined;
}
