// What noVNC takes for a socket: the other end of it is a recording. It greets as a server does and takes no orders.

const VERSION = new TextEncoder().encode('RFB 003.008\n');
/** One kind of security: none. */
const KINDS = Uint8Array.of(1, 1);
const GRANTED = Uint8Array.of(0, 0, 0, 0);

type Bytes = Uint8Array<ArrayBuffer>;

export class PlaybackChannel {
	binaryType: BinaryType = 'arraybuffer';
	protocol = '';
	readyState: number = WebSocket.OPEN;
	onopen: (() => void) | null = null;
	onclose: ((event: CloseEvent) => void) | null = null;
	onerror: ((event: Event) => void) | null = null;
	onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;

	readonly #words: Bytes[];

	constructor(greeting: Bytes) {
		this.#words = [KINDS, GRANTED, greeting];
		queueMicrotask(() => this.show(VERSION));
	}

	/** Each word of the greeting is an answer to one of the viewer's. What it says after that changes nothing. */
	send(): void {
		const word = this.#words.shift();
		if (word) queueMicrotask(() => this.show(word));
	}

	show(bytes: Bytes): void {
		// A copy: whoever gets it may keep it.
		if (this.readyState === WebSocket.OPEN) this.onmessage?.({ data: bytes.slice().buffer });
	}

	close(): void {
		if (this.readyState === WebSocket.CLOSED) return;
		this.readyState = WebSocket.CLOSED;
		queueMicrotask(() => this.onclose?.(new CloseEvent('close', { wasClean: true, code: 1000 })));
	}
}
