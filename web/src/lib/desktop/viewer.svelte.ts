// The one connection of this tab to a session's desktop: noVNC over a socket. It comes back by itself when it is lost.

import type RFB from '@novnc/novnc';
import { problemOf, type Problem } from '$lib/api/problem';

/** `refused`: it was never shown, and not for want of trying. */
export type Link = 'off' | 'connecting' | 'shown' | 'lost' | 'refused';

export interface Wishes {
	readonly drives: boolean;
	/** The desktop takes the size of its pane. */
	readonly fits: boolean;
	readonly scales: boolean;
	readonly reconnects: boolean;
	readonly quality?: number;
	readonly compression?: number;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;
/** Refused as often as this, it is said. */
const PATIENCE = 3;

const MODIFIERS = [
	[0xffe3, 'ControlLeft'],
	[0xffe9, 'AltLeft'],
	[0xffe1, 'ShiftLeft']
] as const;
const LETTER_V = 0x76;

export class Viewer {
	link = $state<Link>('off');
	/** Why it cannot be asked for, when the server said so. */
	problem = $state.raw<Problem | undefined>();
	/** What was copied on the desktop, until it is copied here or dismissed. */
	offered = $state('');
	/** In pixels, once it was seen. */
	size = $state.raw<{ readonly width: number; readonly height: number } | undefined>();
	/** When whoever sits here last did something to the desktop. */
	lastAct = $state(Date.now());

	readonly #path: () => Promise<string>;
	#target: HTMLElement | undefined;
	#wishes: Wishes;
	#rfb: RFB | undefined;
	#attempts = 0;
	#hasShown = false;
	#retry: ReturnType<typeof setTimeout> | undefined;
	/** Raised on every start and stop, so that what an earlier life began is recognised and dropped. */
	#life = 0;

	/** `path`: where the socket is, asked for each time. */
	constructor(path: () => Promise<string>, wishes: Wishes) {
		this.#path = path;
		this.#wishes = wishes;
	}

	/** Shows the desktop in an element until the returned function is called. */
	show(target: HTMLElement): () => void {
		this.#target = target;
		this.hurry();
		return () => {
			this.#target = undefined;
			this.#drop();
			this.#become('off');
		};
	}

	/** Connects at once instead of waiting out the pause. */
	hurry(): void {
		this.#drop();
		this.problem = undefined;
		if (this.link !== 'lost') this.#become('connecting');
		void this.#connect();
	}

	set wishes(wishes: Wishes) {
		this.#wishes = wishes;
		if (!wishes.drives) this.offered = '';
		if (this.#rfb) this.#apply(this.#rfb);
	}

	/** The keyboard goes to the desktop. */
	focus(): void {
		this.#rfb?.focus({ preventScroll: true });
	}

	/** The keyboard comes back to the page, and nothing stays pressed behind it. */
	leave(): void {
		for (const [keysym, code] of MODIFIERS) this.#rfb?.sendKey(keysym, code, false);
		this.#rfb?.blur();
	}

	press(keysyms: readonly number[]): void {
		for (const keysym of keysyms) this.#rfb?.sendKey(keysym, null);
		this.noteAct();
	}

	/** Puts a text into the desktop's clipboard. */
	paste(text: string): void {
		this.#rfb?.clipboardPasteFrom(text);
		this.noteAct();
	}

	/** The key that pastes, for whoever holds Ctrl. */
	pressV(): void {
		this.#rfb?.sendKey(LETTER_V, 'KeyV');
	}

	noteAct(): void {
		// Once a second is often enough to know.
		if (Date.now() - this.lastAct > 1000) this.lastAct = Date.now();
	}

	async #connect(): Promise<void> {
		this.#life += 1;
		const life = this.#life;
		try {
			const [{ default: Client }, address] = await Promise.all([import('@novnc/novnc'), this.#address()]);
			const target = this.#target;
			if (life !== this.#life || !target) return;
			const rfb = new Client(target, address, { wsProtocols: ['binary'] });
			this.#listen(rfb, life);
			this.#apply(rfb);
			this.#rfb = rfb;
		} catch (thrown) {
			if (life !== this.#life) return;
			this.problem = problemOf(thrown);
			this.#lose();
		}
	}

	async #address(): Promise<string> {
		const address = new URL(await this.#path(), location.href);
		address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
		return address.href;
	}

	#listen(rfb: RFB, life: number): void {
		rfb.addEventListener('connect', () => {
			if (life !== this.#life) return;
			this.#attempts = 0;
			this.#hasShown = true;
			this.problem = undefined;
			this.#become('shown');
			if (this.#wishes.drives) this.focus();
		});
		rfb.addEventListener('disconnect', () => {
			if (life !== this.#life) return;
			this.#rfb = undefined;
			this.#lose();
		});
		rfb.addEventListener('clipboard', (event) => {
			const { text } = (event as CustomEvent<{ text: string }>).detail;
			if (life === this.#life && this.#wishes.drives) this.offered = text;
		});
	}

	#apply(rfb: RFB): void {
		const { drives, fits, scales, quality, compression } = this.#wishes;
		rfb.background = 'transparent';
		rfb.scaleViewport = scales;
		if (rfb.viewOnly === drives) rfb.viewOnly = !drives;
		rfb.focusOnClick = drives;
		if (rfb.resizeSession !== (drives && fits)) rfb.resizeSession = drives && fits;
		if (quality !== undefined) rfb.qualityLevel = quality;
		if (compression !== undefined) rfb.compressionLevel = compression;
	}

	#lose(): void {
		this.#drop();
		this.#attempts += 1;
		this.#become(this.#hasShown ? 'lost' : this.#attempts >= PATIENCE ? 'refused' : 'connecting');
		if (!this.#wishes.reconnects) return this.#become(this.#hasShown ? 'lost' : 'refused');
		const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
		// Not all windows at the same moment, when a server comes back.
		this.#retry = setTimeout(() => void this.#connect(), wait * (0.75 + Math.random() / 2));
	}

	#drop(): void {
		this.#life += 1;
		clearTimeout(this.#retry);
		const rfb = this.#rfb;
		this.#rfb = undefined;
		rfb?.disconnect();
	}

	#become(link: Link): void {
		if (link !== this.link) this.link = link;
	}
}
