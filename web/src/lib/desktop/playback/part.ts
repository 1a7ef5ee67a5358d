// A part of a recording, taken apart, and where parts lie on one line of time. Pure.

/** Something that the desktop sent, so long after the part's start. */
export interface Piece {
	readonly after: number;
	readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Part {
	readonly from: number;
	/** What a viewer is told first. */
	readonly greeting: Uint8Array<ArrayBuffer>;
	/** The whole picture, and then what changed. */
	readonly pieces: readonly Piece[];
}

const MAGIC = 'HOLTREC1';
const HEAD = 16;
const PIECE_HEAD = 12;

/** What is whole of it; nothing when it is none. */
export function partIn(buffer: ArrayBuffer): Part | undefined {
	const view = new DataView(buffer);
	if (buffer.byteLength < HEAD || text(buffer.slice(0, 8)) !== MAGIC) return undefined;
	const pieces: Piece[] = [];
	for (let at = HEAD; at + PIECE_HEAD <= buffer.byteLength;) {
		const end = at + PIECE_HEAD + view.getUint32(at);
		if (end > buffer.byteLength) break;
		pieces.push({
			after: view.getUint32(at + 8),
			bytes: new Uint8Array(buffer, at + PIECE_HEAD, end - at - PIECE_HEAD)
		});
		at = end;
	}
	const [greeting, ...rest] = pieces;
	if (!greeting || rest.length === 0) return undefined;
	return { from: Number(view.getBigInt64(8)), greeting: greeting.bytes, pieces: rest };
}

const text = (bytes: ArrayBuffer) => new TextDecoder().decode(bytes);

export interface Segment {
	readonly number: number;
	readonly from: number;
	readonly to: number;
}

/** A part lasts at least this long, so that one in which nothing changed can be seen. */
const SHORTEST = 1000;

const lasts = ({ from, to }: Segment) => Math.max(SHORTEST, to - from);

/** How long it takes to play them all; the time in between, when nothing happened, is left out. */
export function length(segments: readonly Segment[]): number {
	return segments.reduce((sum, segment) => sum + lasts(segment), 0);
}

/** Which part is played so long after the beginning, and how long after its own. */
export function placeAt(segments: readonly Segment[], position: number): { at: number; after: number } {
	let left = Math.max(0, position);
	for (const [at, segment] of segments.entries()) {
		if (left < lasts(segment) || at === segments.length - 1)
			return { at, after: Math.min(left, lasts(segment)) };
		left -= lasts(segment);
	}
	return { at: 0, after: 0 };
}

/** So long after the beginning something that happened at that moment is played. */
export function positionOf(segments: readonly Segment[], moment: number): number {
	let before = 0;
	for (const segment of segments) {
		if (moment < segment.from + lasts(segment)) return before + Math.max(0, moment - segment.from);
		before += lasts(segment);
	}
	return before;
}

/** The moment that is shown there. */
export function momentAt(segments: readonly Segment[], position: number): number {
	const { at, after } = placeAt(segments, position);
	return (segments[at]?.from ?? 0) + after;
}
