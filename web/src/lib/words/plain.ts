// Text from an agent, a tool or a file, made safe to judge by eye: what cannot be seen, or turns the direction of what
// follows, is shown by its number.

/* eslint-disable no-control-regex, no-misleading-character-class -- finding them is the point */

// Controls except tab and line feed; soft hyphen; zero-width, direction and invisible operators; blanks that look like a
// space and are none; variation selectors that hide text; tags; surrogates without their other half.
const HIDDEN =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

export interface Stretch {
	text: string;
	/** It stands for a character that cannot be seen. */
	hidden: boolean;
}

/** The text in stretches, with hidden characters as `U+202E`. */
export function revealed(text: string): Stretch[] {
	const stretches: Stretch[] = [];
	let done = 0;
	for (const match of text.matchAll(HIDDEN)) {
		if (match.index > done) stretches.push({ text: text.slice(done, match.index), hidden: false });
		const code = match[0].codePointAt(0) ?? 0;
		stretches.push({ text: `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, hidden: true });
		done = match.index + match[0].length;
	}
	if (done < text.length) stretches.push({ text: text.slice(done), hidden: false });
	return stretches;
}

// What programs print to colour a terminal: CSI sequences, OSC strings, other escapes.
const ESCAPES =
	/\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Output of a program, without what was meant for a terminal. A carriage return begins its line anew. */
export function printed(text: string): string {
	const bare = text.replace(ESCAPES, '');
	const lines = bare.includes('\r') ? bare.split('\n').map(lastRewrite).join('\n') : bare;
	return lines.replace(CONTROLS, '');
}

function lastRewrite(line: string): string {
	let end = line.length;
	while (line[end - 1] === '\r') end -= 1;
	return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}
