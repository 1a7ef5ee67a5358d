// What the page uses of noVNC, which comes without types.

declare module '@novnc/novnc' {
	export default class RFB extends EventTarget {
		/** Over a socket to an address, or over something that is like one. */
		constructor(
			target: Element,
			address: string | object,
			options?: { shared?: boolean; wsProtocols?: string[] }
		);

		viewOnly: boolean;
		focusOnClick: boolean;
		scaleViewport: boolean;
		resizeSession: boolean;
		background: string;
		qualityLevel: number;
		compressionLevel: number;

		disconnect(): void;
		focus(options?: FocusOptions): void;
		blur(): void;
		/** Without `down`, the key is pressed and let go. */
		sendKey(keysym: number, code: string | null, down?: boolean): void;
		clipboardPasteFrom(text: string): void;
	}
}
