// Plays what was recorded of a session's desktop: noVNC, fed from parts that are fetched as they are needed. Going back is beginning a
// part anew, with the picture that it begins with.

import type RFB from '@novnc/novnc';
import { api, got, raw } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import { PlaybackChannel } from './channel';
import { length, momentAt, partIn, placeAt, positionOf, type Part, type Segment } from './part';

export const SPEEDS = [1, 2, 4, 8] as const;
/** Parts that are kept at hand. */
const KEPT = 4;

/** One noVNC, showing one part. */
interface Screen {
	readonly number: number;
	readonly rfb: RFB;
	readonly channel: PlaybackChannel;
	readonly part: Part;
	/** How many pieces it has been shown. */
	shown: number;
}

export class Player {
	segments = $state.raw<readonly Segment[]>([]);
	/** Older parts that are gone. */
	dropped = $state(0);
	loaded = $state(false);
	problem = $state.raw<Problem | undefined>();
	/** Milliseconds after the beginning. */
	position = $state(0);
	playing = $state(false);
	speed = $state<(typeof SPEEDS)[number]>(1);
	size = $state.raw({ width: 1280, height: 800 });

	readonly #session: string;
	readonly #parts = new Map<number, Promise<Part | undefined>>();
	#target: HTMLElement | undefined;
	#screen: Screen | undefined;
	#life = 0;
	#frame = 0;
	#last = 0;
	/** What is shown is being made right; once more if it was asked for meanwhile. */
	#busy = false;
	#again = false;

	constructor(session: string) {
		this.#session = session;
	}

	get length(): number {
		return length(this.segments);
	}

	get moment(): number {
		return momentAt(this.segments, this.position);
	}

	/** Shows it in an element until the returned function is called. */
	show(target: HTMLElement): () => void {
		this.#target = target;
		void this.load();
		return () => {
			this.pause();
			this.#life += 1;
			this.#drop();
			this.#target = undefined;
		};
	}

	/** Looks what there is. */
	async load(): Promise<void> {
		const life = this.#life;
		try {
			const list = await got(
				api.GET('/v2/sessions/{id}/recording', { params: { path: { id: this.#session } } })
			);
			if (life !== this.#life) return;
			// The last one may have become longer since.
			const last = this.segments.at(-1);
			if (last) this.#parts.delete(last.number);
			this.segments = list.items.map(({ number, from, to }) => ({ number, from, to }));
			this.dropped = list.dropped;
			this.problem = undefined;
			this.loaded = true;
			void this.#settle();
		} catch (thrown) {
			this.problem = problemOf(thrown);
		}
	}

	seek(position: number): void {
		this.position = Math.min(this.length, Math.max(0, position));
		void this.#settle();
	}

	seekMoment(moment: number): void {
		this.seek(positionOf(this.segments, moment));
	}

	play(): void {
		if (this.playing || this.segments.length === 0) return;
		if (this.position >= this.length) this.seek(0);
		this.playing = true;
		this.#last = performance.now();
		this.#frame = requestAnimationFrame(this.#tick);
	}

	pause(): void {
		this.playing = false;
		cancelAnimationFrame(this.#frame);
	}

	toggle(): void {
		if (this.playing) this.pause();
		else this.play();
	}

	readonly #tick = (now: number): void => {
		// What a hidden window missed is not made up for at once.
		const passed = Math.min(250, now - this.#last) * this.speed;
		this.#last = now;
		this.position = Math.min(this.length, this.position + passed);
		void this.#settle();
		if (this.position >= this.length) this.pause();
		else this.#frame = requestAnimationFrame(this.#tick);
	};

	/** Makes what is shown right for the position. */
	async #settle(): Promise<void> {
		this.#again = this.#busy;
		if (this.#busy) return;
		this.#busy = true;
		const life = this.#life;
		try {
			do {
				this.#again = false;
				await this.#make();
			} while (this.#again && life === this.#life);
		} catch (thrown) {
			this.pause();
			this.problem = problemOf(thrown);
		} finally {
			this.#busy = false;
		}
	}

	async #make(): Promise<void> {
		const { at, after } = placeAt(this.segments, this.position);
		const segment = this.segments[at];
		if (!segment || !this.#target) return;
		const part = await this.#part(segment.number);
		if (!part || !this.#target) return;
		const due = Math.max(1, part.pieces.filter((piece) => piece.after <= after).length);
		if (this.#screen?.number !== segment.number || this.#screen.shown > due)
			await this.#begin(segment.number, part);
		const screen = this.#screen;
		if (!screen) return;
		for (; screen.shown < due; screen.shown += 1) {
			const piece = part.pieces[screen.shown];
			if (piece) screen.channel.show(piece.bytes);
		}
		void this.#part(this.segments[at + 1]?.number);
	}

	async #begin(number: number, part: Part): Promise<void> {
		const { default: Client } = await import('@novnc/novnc');
		const target = this.#target;
		if (!target) return;
		// The old picture stays until there is another.
		const before = this.#screen;
		const place = document.createElement('div');
		place.className = 'picture';
		target.append(place);
		const channel = new PlaybackChannel(part.greeting);
		const rfb = new Client(place, channel);
		rfb.viewOnly = true;
		rfb.background = 'transparent';
		rfb.focusOnClick = false;
		rfb.scaleViewport = true;
		await new Promise<void>((resolve) => {
			rfb.addEventListener('connect', () => resolve());
			rfb.addEventListener('disconnect', () => resolve());
		});
		this.#screen = { number, rfb, channel, part, shown: 0 };
		const { greeting } = part;
		this.size = {
			width: ((greeting[0] ?? 0) << 8) | (greeting[1] ?? 0),
			height: ((greeting[2] ?? 0) << 8) | (greeting[3] ?? 0)
		};
		if (before) this.#remove(before);
	}

	#part(number: number | undefined): Promise<Part | undefined> {
		if (number === undefined) return Promise.resolve(undefined);
		const known = this.#parts.get(number);
		if (known) return known;
		const fetched = raw(`/v2/sessions/${this.#session}/recording/${number}`)
			.then((response) => response.arrayBuffer())
			.then(partIn);
		fetched.catch(() => this.#parts.delete(number));
		this.#parts.set(number, fetched);
		for (const oldest of this.#parts.keys()) {
			if (this.#parts.size <= KEPT) break;
			this.#parts.delete(oldest);
		}
		return fetched;
	}

	#drop(): void {
		if (this.#screen) this.#remove(this.#screen);
		this.#screen = undefined;
	}

	#remove({ rfb }: Screen): void {
		const place = this.#target?.querySelector('.picture');
		rfb.disconnect();
		place?.remove();
	}
}
