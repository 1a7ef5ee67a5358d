// What the address of a desktop's own window asks for, in the words of noVNC's own page.

export interface Asked {
	readonly autoconnect: boolean;
	readonly resize: 'scale' | 'remote' | 'off';
	readonly viewOnly: boolean;
	readonly reconnect: boolean;
	/** From 0 to 9. */
	readonly quality?: number;
	readonly compression?: number;
}

export const USUAL: Asked = { autoconnect: true, resize: 'scale', viewOnly: false, reconnect: true };

/** Words that mean nothing here, such as `path`, are passed over. */
export function askedIn(query: URLSearchParams): Asked {
	const resize = query.get('resize');
	return {
		autoconnect: truth(query.get('autoconnect'), USUAL.autoconnect),
		resize: resize === 'remote' || resize === 'off' ? resize : USUAL.resize,
		viewOnly: truth(query.get('view_only'), USUAL.viewOnly),
		reconnect: truth(query.get('reconnect'), USUAL.reconnect),
		quality: level(query.get('quality')),
		compression: level(query.get('compression'))
	};
}

function truth(word: string | null, usual: boolean): boolean {
	if (word === null) return usual;
	return !['0', 'false', 'no', 'off'].includes(word.toLowerCase());
}

function level(word: string | null): number | undefined {
	return word !== null && /^\d$/.test(word) ? Number(word) : undefined;
}
