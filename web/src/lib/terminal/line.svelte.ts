// The one connection of a view to a terminal: a socket with a fresh ticket each time. It comes back by itself, and goes on
// after the last byte that was shown.

import { ticketed } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { TerminalExit, TerminalServerFrame, TerminalSize } from '$lib/api/types';

export type Link = 'connecting' | 'there' | 'lost' | 'over';

/** What shows the terminal. */
export interface Shows {
	/** Output; to be called back when it is shown. */
	write(bytes: Uint8Array, shown: () => void): void;
	/** What comes next draws everything anew. */
	clear(): void;
	resize(size: TerminalSize): void;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;
/** The server is told what was shown at least this often, in bytes. */
const TOLD_EVERY = 64 * 1024;
/** The most that is typed in one frame. */
const MOST_TYPED = 32 * 1024;
const GONE = ['terminal_not_found', 'session_not_found', 'not_allowed'];

export class Line {
	link = $state<Link>('connecting');
	problem = $state.raw<Problem | undefined>();
	writable = $state(false);
	/** How the program ended; of one that was closed, nothing is known. */
	exit = $state.raw<TerminalExit | undefined>();
	/** As it is for all who see it. */
	size = $state.raw<TerminalSize | undefined>();

	readonly #path: string;
	readonly #shows: Shows;
	#socket: WebSocket | undefined;
	/** What comes next from the terminal is this byte; unknown before anything came. */
	#at: number | undefined;
	#told = 0;
	/** The next bytes draw a screen and count for nothing. */
	#draws = false;
	#attempts = 0;
	#retry: ReturnType<typeof setTimeout> | undefined;
	/** Raised by whatever makes an earlier connection stale. */
	#life = 0;

	constructor(session: string, terminal: string, shows: Shows) {
		this.#path = `/v2/sessions/${session}/terminals/${terminal}/socket`;
		this.#shows = shows;
	}

	/** Connects, until the returned function is called. */
	run(): () => void {
		void this.#connect();
		return () => this.#drop();
	}

	hurry(): void {
		if (this.link === 'over') return;
		this.#drop();
		void this.#connect();
	}

	/** Types a text, or bytes that are written as one. */
	type(text: string): void {
		this.#send(new TextEncoder().encode(text));
	}

	typeBytes(text: string): void {
		this.#send(Uint8Array.from(text, (character) => character.charCodeAt(0)));
	}

	resize(size: TerminalSize): void {
		if (this.writable) this.#say({ type: 'resize', ...size });
	}

	#send(bytes: Uint8Array<ArrayBuffer>): void {
		if (!this.writable || this.#socket?.readyState !== WebSocket.OPEN) return;
		for (let at = 0; at < bytes.length; at += MOST_TYPED) this.#socket.send(bytes.slice(at, at + MOST_TYPED));
	}

	#say(word: object): void {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(word));
	}

	async #connect(): Promise<void> {
		this.#life += 1;
		const life = this.#life;
		try {
			const path = this.#at === undefined ? this.#path : `${this.#path}?from=${this.#at}`;
			const address = new URL(await ticketed(path), location.href);
			address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
			if (life !== this.#life) return;
			this.#listen(new WebSocket(address), life);
		} catch (thrown) {
			if (life !== this.#life) return;
			this.problem = problemOf(thrown);
			this.#lose(GONE.includes(this.problem.code ?? ''));
		}
	}

	#listen(socket: WebSocket, life: number): void {
		socket.binaryType = 'arraybuffer';
		this.#socket = socket;
		socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
			if (life !== this.#life) return;
			if (typeof data === 'string') this.#hear(JSON.parse(data) as TerminalServerFrame);
			else this.#take(new Uint8Array(data), life);
		};
		socket.onclose = () => {
			if (life === this.#life) this.#lose(false);
		};
	}

	#take(bytes: Uint8Array, life: number): void {
		if (this.#draws) {
			this.#draws = false;
			return this.#shows.write(bytes, () => {});
		}
		const at = (this.#at ?? 0) + bytes.length;
		this.#at = at;
		this.#shows.write(bytes, () => {
			if (life !== this.#life || at - this.#told < TOLD_EVERY) return;
			this.#told = at;
			this.#say({ type: 'shown', offset: at });
		});
	}

	#hear(word: TerminalServerFrame): void {
		switch (word.type) {
			case 'attached':
				this.#attempts = 0;
				this.problem = undefined;
				this.writable = word.writable;
				this.#begin(word, word.screen);
				this.link = 'there';
				break;
			case 'behind':
				this.#begin(word, true);
				break;
			case 'resized':
				this.#become(word.size);
				break;
			case 'exited':
				this.exit = word.exit;
				this.#end();
				break;
			case 'closed':
				this.#end();
				break;
			case 'not_taken':
				break;
		}
	}

	#begin({ offset, size }: { offset: number; size: TerminalSize }, draws: boolean): void {
		this.#at = offset;
		this.#told = offset;
		this.#draws = draws;
		this.#become(size);
		if (draws) this.#shows.clear();
		this.#say({ type: 'shown', offset });
	}

	#become(size: TerminalSize): void {
		this.size = size;
		this.#shows.resize(size);
	}

	#end(): void {
		this.#drop();
		this.writable = false;
		this.link = 'over';
	}

	#lose(forGood: boolean): void {
		this.#drop();
		this.writable = false;
		if (forGood) return void (this.link = 'over');
		this.link = this.link === 'connecting' && this.#attempts < 2 ? 'connecting' : 'lost';
		this.#attempts += 1;
		const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
		// Not all windows at the same moment, when a server comes back.
		this.#retry = setTimeout(() => void this.#connect(), wait * (0.75 + Math.random() / 2));
	}

	#drop(): void {
		this.#life += 1;
		clearTimeout(this.#retry);
		const socket = this.#socket;
		this.#socket = undefined;
		socket?.close();
	}
}
