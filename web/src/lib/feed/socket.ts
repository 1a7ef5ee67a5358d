// The one socket of the page: it follows many sessions, comes back by itself when it is lost, and goes on where each
// session's stretch of events ended.

import type { Delta, SessionEvent, SessionSummary, Snapshot } from '$lib/api/types';

export type Frame =
	| { type: 'snapshot'; session: string; snapshot: Snapshot }
	| { type: 'event'; event: SessionEvent }
	| { type: 'delta'; session: string; delta: Delta }
	| { type: 'removed'; session: string }
	| { type: 'watching' }
	| { type: 'summary'; session: string; summary: SessionSummary }
	| { type: 'error'; session?: string; code: string; message: string; hint: string }
	| { type: 'pong'; ping: number };

export interface Listener {
	event(event: SessionEvent): void;
	delta?(delta: Delta): void;
	/** The feed could not be resumed: this is how the session is now. */
	snapshot?(snapshot: Snapshot): void;
	removed?(): void;
	error?(code: string, message: string): void;
}

/** Hears of the list of sessions as a whole. */
export interface Watcher {
	/** From here on changes arrive: what the list is has to be read now. */
	begin(): void;
	changed(summary: SessionSummary): void;
	removed(session: string): void;
}

export type Connection = 'closed' | 'connecting' | 'open' | 'lost';

export interface SocketOptions {
	/** Makes an address with a fresh ticket. */
	address(): Promise<string>;
	/** Told about every change of state. */
	changed(state: Connection): void;
	open?(address: string): WebSocket;
}

interface Followed {
	/** The last event that arrived; absent while nobody has said where to begin. */
	position: number | undefined;
	listeners: Set<Listener>;
	/** Text in the making is wanted too. */
	deltas: boolean;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;
const PING_EVERY = 20_000;
const ANSWER_WITHIN = 10_000;

export class Feed {
	#options: SocketOptions;
	#socket: WebSocket | undefined;
	#followed = new Map<string, Followed>();
	#watcher: Watcher | undefined;
	#state: Connection = 'closed';
	#attempts = 0;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#pulse: ReturnType<typeof setTimeout> | undefined;
	/** Raised on every start and stop, so that what an earlier life began is recognised and dropped. */
	#life = 0;

	constructor(options: SocketOptions) {
		this.#options = options;
	}

	get state(): Connection {
		return this.#state;
	}

	start(): void {
		if (this.#state === 'closed') void this.#connect();
	}

	stop(): void {
		this.#life += 1;
		clearTimeout(this.#retry);
		this.#drop();
		this.#attempts = 0;
		this.#become('closed');
	}

	/** Tries at once instead of waiting out the pause: the network is back, or somebody asked. */
	hurry(): void {
		if (this.#state !== 'lost') return;
		clearTimeout(this.#retry);
		void this.#connect();
	}

	/**
	 * Hears from now on of what arrives for a session that is followed already; else, once `from` has said where to
	 * begin. Whoever loads a session listens first and loads then, so that nothing falls between. Returns how to stop.
	 */
	listen(session: string, listener: Listener): () => void {
		const known = this.#followed.get(session);
		if (known) known.listeners.add(listener);
		else this.#followed.set(session, { position: undefined, listeners: new Set([listener]), deltas: true });
		return () => this.#leave(session, listener);
	}

	/**
	 * Follows a session that is listened to from the event after `after` on, unless it is followed already. Returns the
	 * event after which it really goes on: what lies between the two has to be fetched. Without `deltas`, text comes only
	 * when it is finished.
	 */
	from(session: string, after: number, deltas = true): number {
		const followed = this.#followed.get(session);
		if (!followed) return after;
		if (followed.position !== undefined) return followed.position;
		followed.position = after;
		followed.deltas = deltas;
		this.#follow(session, followed);
		return after;
	}

	/** Listens, and follows from there. */
	follow(session: string, after: number, listener: Listener): () => void {
		const stop = this.listen(session, listener);
		this.from(session, after);
		return stop;
	}

	/** Hears from now on of every session that the list would show otherwise. Returns how to stop. */
	watch(watcher: Watcher): () => void {
		this.#watcher = watcher;
		this.#send({ watch: 'sessions' });
		return () => {
			if (this.#watcher !== watcher) return;
			this.#watcher = undefined;
			this.#send({ unwatch: 'sessions' });
		};
	}

	#follow(session: string, { position: after, deltas }: Followed): void {
		if (after !== undefined) this.#send({ follow: session, after, ...(!deltas && { deltas }) });
	}

	#leave(session: string, listener: Listener): void {
		const followed = this.#followed.get(session);
		if (!followed?.listeners.delete(listener) || followed.listeners.size > 0) return;
		this.#followed.delete(session);
		if (followed.position !== undefined) this.#send({ unfollow: session });
	}

	async #connect(): Promise<void> {
		this.#life += 1;
		const life = this.#life;
		this.#become(this.#attempts === 0 ? 'connecting' : 'lost');
		try {
			const address = await this.#options.address();
			if (life !== this.#life) return;
			this.#listen((this.#options.open ?? ((to) => new WebSocket(to)))(address), life);
		} catch {
			if (life === this.#life) this.#lose();
		}
	}

	#listen(socket: WebSocket, life: number): void {
		this.#socket = socket;
		this.#expectAnswer();
		socket.onopen = () => {
			if (life !== this.#life) return socket.close();
			this.#attempts = 0;
			this.#become('open');
			if (this.#watcher) this.#send({ watch: 'sessions' });
			for (const [session, followed] of this.#followed) this.#follow(session, followed);
			this.#expectPing();
		};
		socket.onmessage = ({ data }) => {
			if (life !== this.#life) return;
			this.#expectPing();
			this.#take(data);
		};
		socket.onclose = () => {
			if (life === this.#life) this.#lose();
		};
	}

	#take(data: unknown): void {
		let frame: Frame;
		try {
			frame = JSON.parse(String(data)) as Frame;
		} catch {
			return;
		}
		if (frame.type === 'pong') return;
		if (this.#watcher) tellWatcher(this.#watcher, frame);
		if (frame.type === 'watching' || frame.type === 'summary') return;
		const session = frame.type === 'event' ? frame.event.session : frame.session;
		const followed = session === undefined ? undefined : this.#followed.get(session);
		if (!session || !followed) return;
		if (frame.type === 'event') followed.position = Math.max(followed.position ?? 0, frame.event.seq);
		if (frame.type === 'snapshot') followed.position = frame.snapshot.last_seq;
		if (frame.type === 'removed') this.#followed.delete(session);
		for (const listener of followed.listeners) tell(listener, frame);
	}

	#lose(): void {
		this.#life += 1;
		this.#drop();
		this.#become('lost');
		const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
		this.#attempts += 1;
		// Not all pages at the same moment, when a server comes back.
		this.#retry = setTimeout(() => void this.#connect(), wait * (0.75 + Math.random() / 2));
	}

	#drop(): void {
		clearTimeout(this.#pulse);
		const socket = this.#socket;
		this.#socket = undefined;
		if (!socket) return;
		socket.onopen = socket.onmessage = socket.onclose = null;
		socket.close();
	}

	/** After a while of silence, asks whether anybody is there. */
	#expectPing(): void {
		clearTimeout(this.#pulse);
		this.#pulse = setTimeout(() => {
			this.#send({ ping: Date.now() });
			this.#expectAnswer();
		}, PING_EVERY);
	}

	#expectAnswer(): void {
		clearTimeout(this.#pulse);
		this.#pulse = setTimeout(() => this.#lose(), ANSWER_WITHIN);
	}

	#send(message: object): void {
		if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
	}

	#become(state: Connection): void {
		if (state === this.#state) return;
		this.#state = state;
		this.#options.changed(state);
	}
}

function tellWatcher(watcher: Watcher, frame: Frame): void {
	if (frame.type === 'watching') watcher.begin();
	else if (frame.type === 'summary') watcher.changed(frame.summary);
	else if (frame.type === 'removed') watcher.removed(frame.session);
}

function tell(listener: Listener, frame: Frame): void {
	switch (frame.type) {
		case 'event':
			return listener.event(frame.event);
		case 'delta':
			return listener.delta?.(frame.delta);
		case 'snapshot':
			return listener.snapshot?.(frame.snapshot);
		case 'removed':
			return listener.removed?.();
		case 'error':
			return listener.error?.(frame.code, frame.message);
	}
}
