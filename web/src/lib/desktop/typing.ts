// What a phone's keyboard types, as keys of X. Such keyboards tell of text, not of keys, so the text of a field is compared
// with what it was.

const BACKSPACE = 0xff08;
const ENTER = 0xff0d;
const TAB = 0xff09;
/** From here on, X writes characters by their number in Unicode. */
const UNICODE = 0x01000000;

/** The key that makes a character. */
export function keysymOf(character: string): number {
	if (character === '\n') return ENTER;
	if (character === '\t') return TAB;
	const point = character.codePointAt(0) ?? 0;
	const isLatin = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff);
	return isLatin ? point : UNICODE | point;
}

/** The keys that make one text of another, pressed at its end. */
export function keysBetween(before: string, after: string): number[] {
	const [old, now] = [[...before], [...after]];
	let same = 0;
	while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
	const gone = Array.from<number>({ length: old.length - same }).fill(BACKSPACE);
	return [...gone, ...now.slice(same).map(keysymOf)];
}
