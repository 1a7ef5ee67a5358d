import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionEvent } from '$lib/api/types';
import { Feed, type Connection, type Frame } from './socket';
import { SESSION, logOf, queued, summary } from './testing';

/** A server that is a list of what it was told. */
class FakeSocket {
	static all: FakeSocket[] = [];
	readyState = 0;
	sent: unknown[] = [];
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: (() => void) | null = null;

	constructor() {
		FakeSocket.all.push(this);
	}

	send(text: string) {
		this.sent.push(JSON.parse(text));
	}

	close() {
		this.readyState = 3;
	}

	accept() {
		this.readyState = 1;
		this.onopen?.();
	}

	say(frame: Frame) {
		this.onmessage?.({ data: JSON.stringify(frame) });
	}

	drop() {
		this.readyState = 3;
		this.onclose?.();
	}
}

const last = () => FakeSocket.all.at(-1)!;
const events = logOf(queued('a'), queued('b'), queued('c'));

function begin() {
	const states: Connection[] = [];
	const address = vi.fn(async () => 'ws://test/v2/feed?ticket=once');
	const feed = new Feed({
		address,
		changed: (state) => states.push(state),
		open: () => new FakeSocket() as unknown as WebSocket
	});
	return { feed, states, address };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the socket', () => {
	beforeEach(() => {
		FakeSocket.all = [];
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	it('follows what was asked for before it was open', async () => {
		const { feed, states } = begin();
		feed.follow(SESSION, 7, { event: () => {} });
		feed.start();
		await settle();
		last().accept();
		expect(last().sent).toEqual([{ follow: SESSION, after: 7 }]);
		expect(states).toEqual(['connecting', 'open']);
	});

	it('comes back with a fresh ticket and goes on after the last event it saw', async () => {
		const { feed, states, address } = begin();
		const seen: SessionEvent[] = [];
		feed.follow(SESSION, 0, { event: (event) => seen.push(event) });
		feed.start();
		await settle();
		last().accept();
		last().say({ type: 'event', event: events[0]! });
		last().say({ type: 'event', event: events[1]! });
		last().drop();
		expect(states.at(-1)).toBe('lost');
		await vi.advanceTimersByTimeAsync(2000);
		last().accept();
		expect(last().sent).toEqual([{ follow: SESSION, after: 2 }]);
		last().say({ type: 'event', event: events[2]! });
		expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3]);
		expect(address).toHaveBeenCalledTimes(2);
		expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
	});

	it('waits longer after every failure, and not at all when told to hurry', async () => {
		const { feed, address } = begin();
		address.mockRejectedValue(new Error('down'));
		feed.start();
		await vi.advanceTimersByTimeAsync(60_000);
		const tries = address.mock.calls.length;
		expect(tries).toBeGreaterThan(5);
		expect(tries).toBeLessThan(20);
		feed.hurry();
		await settle();
		expect(address).toHaveBeenCalledTimes(tries + 1);
	});

	it('gives up a connection on which nothing answers', async () => {
		const { feed, states } = begin();
		feed.start();
		await settle();
		last().accept();
		await vi.advanceTimersByTimeAsync(20_000);
		expect(last().sent).toEqual([{ ping: expect.any(Number) }]);
		await vi.advanceTimersByTimeAsync(10_000);
		expect(states.at(-1)).not.toBe('open');
	});

	it('keeps a quiet connection on which pings are answered', async () => {
		const { feed, states } = begin();
		feed.start();
		await settle();
		last().accept();
		for (let count = 0; count < 5; count += 1) {
			await vi.advanceTimersByTimeAsync(20_000);
			last().say({ type: 'pong', ping: 1 });
		}
		expect(states).toEqual(['connecting', 'open']);
	});

	it('tells every listener of a session, and leaves it with the last of them', async () => {
		const { feed } = begin();
		feed.start();
		await settle();
		last().accept();
		const [one, two] = [vi.fn(), vi.fn()];
		const stopOne = feed.follow(SESSION, 0, { event: one });
		const stopTwo = feed.follow(SESSION, 0, { event: two });
		last().say({ type: 'event', event: events[0]! });
		stopOne();
		last().say({ type: 'event', event: events[1]! });
		stopTwo();
		last().say({ type: 'event', event: events[2]! });
		expect([one.mock.calls.length, two.mock.calls.length]).toEqual([1, 2]);
		expect(last().sent).toEqual([{ follow: SESSION, after: 0 }, { unfollow: SESSION }]);
	});

	it('lets nothing fall between listening and loading', async () => {
		const { feed } = begin();
		feed.start();
		await settle();
		last().accept();
		const seen: number[] = [];
		const stop = feed.listen(SESSION, { event: ({ seq }) => seen.push(seq) });
		expect(last().sent).toEqual([]);
		last().drop();
		await vi.advanceTimersByTimeAsync(2000);
		last().accept();
		expect(last().sent, 'nobody has said where to begin').toEqual([]);
		expect(feed.from(SESSION, 1)).toBe(1);
		expect(feed.from(SESSION, 0), 'it goes on from where it is').toBe(1);
		expect(last().sent).toEqual([{ follow: SESSION, after: 1 }]);
		feed.listen(SESSION, { event: ({ seq }) => seen.push(-seq) });
		last().say({ type: 'event', event: events[1]! });
		expect(seen).toEqual([2, -2]);
		stop();
	});

	it('watches the list, and anew on every connection', async () => {
		const { feed } = begin();
		const heard: unknown[] = [];
		const stop = feed.watch({
			begin: () => heard.push('begin'),
			changed: ({ title }) => heard.push(title),
			removed: (id) => heard.push(id)
		});
		feed.start();
		await settle();
		last().accept();
		expect(last().sent).toEqual([{ watch: 'sessions' }]);
		last().say({ type: 'watching' });
		last().say({ type: 'summary', session: SESSION, summary: summary({ title: 'Otters' }) });
		last().say({ type: 'removed', session: SESSION });
		expect(heard).toEqual(['begin', 'Otters', SESSION]);
		last().drop();
		await vi.advanceTimersByTimeAsync(2000);
		last().accept();
		last().say({ type: 'watching' });
		expect(heard.at(-1)).toBe('begin');
		stop();
		last().say({ type: 'watching' });
		expect(last().sent).toEqual([{ watch: 'sessions' }, { unwatch: 'sessions' }]);
		expect(heard).toHaveLength(4);
	});

	it('follows without text in the making, also when it comes back', async () => {
		const { feed } = begin();
		feed.start();
		await settle();
		last().accept();
		feed.listen(SESSION, { event: () => {} });
		feed.from(SESSION, 4, false);
		expect(last().sent).toEqual([{ follow: SESSION, after: 4, deltas: false }]);
		last().drop();
		await vi.advanceTimersByTimeAsync(2000);
		last().accept();
		expect(last().sent).toEqual([{ follow: SESSION, after: 4, deltas: false }]);
	});

	it('says nothing after it was stopped', async () => {
		const { feed, states } = begin();
		feed.start();
		feed.stop();
		await vi.advanceTimersByTimeAsync(60_000);
		expect(FakeSocket.all).toEqual([]);
		expect(states).toEqual(['connecting', 'closed']);
	});

	it('does not stumble over what it does not understand', async () => {
		const { feed } = begin();
		feed.start();
		await settle();
		last().accept();
		last().onmessage?.({ data: '{' });
		last().onmessage?.({ data: '{"type":"moon","session":"x"}' });
		expect(feed.state).toBe('open');
	});
});
