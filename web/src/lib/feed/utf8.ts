// The server counts text in bytes of UTF-8; the browser's strings count in UTF-16 units. These two meet here.

/** How many bytes the character that begins at `at` has, and how many units of the string it takes. */
function measure(text: string, at: number): { bytes: number; units: number } {
	const unit = text.charCodeAt(at);
	if (unit < 0x80) return { bytes: 1, units: 1 };
	if (unit < 0x800) return { bytes: 2, units: 1 };
	const next = text.charCodeAt(at + 1);
	const isPair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
	return isPair ? { bytes: 4, units: 2 } : { bytes: 3, units: 1 };
}

/** The length of a text in bytes of UTF-8. */
export function byteLength(text: string): number {
	let bytes = 0;
	for (let at = 0; at < text.length;) {
		const character = measure(text, at);
		bytes += character.bytes;
		at += character.units;
	}
	return bytes;
}

/** The text without its first `count` bytes. A character that is cut through is left out whole. */
export function withoutBytes(text: string, count: number): string {
	let at = 0;
	for (let bytes = 0; at < text.length && bytes < count;) {
		const character = measure(text, at);
		bytes += character.bytes;
		at += character.units;
	}
	return text.slice(at);
}
