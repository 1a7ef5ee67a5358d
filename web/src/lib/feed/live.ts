// Text that is being written right now. It arrives in pieces that say where they belong; pieces may come twice, overlap,
// or be missing after a connection was lost. What is shown is always an unbroken stretch of the true text.

import { byteLength, withoutBytes } from './utf8';

export interface Piece {
	/** The place of its first byte in the whole text. */
	offset: number;
	text: string;
}

export interface LiveText {
	/** Where the known stretch begins; more than 0 when its beginning was left out for length. */
	readonly start: number;
	/** Where it ends, in bytes. */
	readonly end: number;
	readonly text: string;
	/** Pieces that lie behind a gap, until the gap is filled. */
	readonly beyond: readonly Piece[];
}

/** So much of a text is kept while it is live; beyond that its beginning goes, until the finished text comes. */
const MAX_LENGTH = 256 * 1024;
/** So many pieces are kept behind a gap; then the oldest go, and the finished text will bring what they said. */
const MAX_BEYOND = 512;

const EMPTY: LiveText = { start: 0, end: 0, text: '', beyond: [] };

/** Adds a piece. The first piece of a text that is joined in the middle leaves a gap that `hasGap` tells of. */
export function extended(live: LiveText | undefined, piece: Piece): LiveText {
	const known = live ?? EMPTY;
	if (piece.offset > known.end) {
		const beyond = [...known.beyond, piece].sort((a, b) => a.offset - b.offset);
		return { ...known, beyond: beyond.slice(-MAX_BEYOND) };
	}
	return drained(appended(known, piece));
}

/**
 * Takes in what a snapshot says about the text. A snapshot may have left the beginning out; a stretch that does not
 * join what is known replaces it, since it is the later one.
 */
export function refreshed(live: LiveText | undefined, piece: Piece): LiveText {
	const known = live ?? EMPTY;
	if (piece.offset <= known.end) return extended(known, piece);
	const end = piece.offset + byteLength(piece.text);
	return drained({ start: piece.offset, end, text: piece.text, beyond: known.beyond });
}

/** Whether pieces wait behind something that has not arrived. */
export function hasGap(live: LiveText): boolean {
	return live.beyond.length > 0;
}

function appended(known: LiveText, piece: Piece): LiveText {
	const end = piece.offset + byteLength(piece.text);
	if (end <= known.end) return known;
	return bounded({ ...known, end, text: known.text + withoutBytes(piece.text, known.end - piece.offset) });
}

function bounded(live: LiveText): LiveText {
	if (live.text.length <= MAX_LENGTH) return live;
	// At a line's end, where there is one, so that nothing begins in the middle.
	const half = live.text.length - MAX_LENGTH / 2;
	const text = live.text.slice(live.text.indexOf('\n', half) + 1 || half).replace(/^[\udc00-\udfff]/, '');
	return { ...live, start: live.end - byteLength(text), text };
}

function drained(live: LiveText): LiveText {
	let known = { ...live, beyond: [] as readonly Piece[] };
	const beyond: Piece[] = [];
	for (const piece of live.beyond) {
		if (piece.offset <= known.end) known = { ...appended(known, piece), beyond: [] };
		else beyond.push(piece);
	}
	return { ...known, beyond };
}
