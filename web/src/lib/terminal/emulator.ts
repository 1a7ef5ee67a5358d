// The terminal's emulator, set up so that what a program in a sandbox puts out can draw and do nothing else: no clipboard, no
// title, no links, no colours of the whole.

import { FitAddon } from '@xterm/addon-fit';
import { Terminal, type ITheme } from '@xterm/xterm';
import type { TerminalSize } from '$lib/api/types';
import { Sheets } from './sheets';

export interface Wishes {
	/** What was typed, as a text. */
	typed: (text: string) => void;
	/** The same where programs want bytes. */
	typedBytes: (text: string) => void;
	/** Whether programs that ask their terminal something are answered from here. */
	answers: () => boolean;
	/** Whether a key is the page's and not the terminal's. */
	keeps: (event: KeyboardEvent) => boolean;
}

/** What programs would change or reach beyond the characters: the clipboard, titles, links, the colours of the whole. */
const IGNORED_OSC = [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 21, 22, 50, 52, 104, 110, 111, 112, 133, 777, 1337];
/** Questions that an emulator answers as if it were typed. */
const QUESTIONS = [
	{ final: 'c' },
	{ prefix: '>', final: 'c' },
	{ prefix: '=', final: 'c' },
	{ prefix: '>', final: 'q' },
	{ final: 'n' },
	{ prefix: '?', final: 'n' },
	{ final: 't' },
	{ intermediates: '$', final: 'p' },
	{ prefix: '?', intermediates: '$', final: 'p' },
	{ prefix: '?', final: 'u' }
];

export class Emulator {
	readonly terminal: Terminal;
	readonly #fit = new FitAddon();
	readonly #sheets = new Sheets();

	constructor(element: HTMLElement, wishes: Wishes) {
		this.terminal = new Terminal({
			documentOverride: this.#sheets.document,
			fontFamily: getComputedStyle(element).getPropertyValue('--mono'),
			fontSize: 13,
			lineHeight: 1.2,
			scrollback: 5000,
			cursorBlink: false,
			screenReaderMode: false,
			allowProposedApi: false,
			macOptionIsMeta: true,
			rightClickSelectsWord: false,
			theme: themeOf(element)
		});
		this.#guard(wishes.answers);
		this.terminal.loadAddon(this.#fit);
		this.terminal.attachCustomKeyEventHandler((event) => !wishes.keeps(event));
		this.terminal.onData(wishes.typed);
		this.terminal.onBinary(wishes.typedBytes);
		this.#sheets.during(() => this.terminal.open(element));
		rowsOf(this.terminal)._document = this.#sheets.document;
	}

	#guard(answers: () => boolean): void {
		const { parser } = this.terminal;
		for (const code of IGNORED_OSC) parser.registerOscHandler(code, () => true);
		for (const question of QUESTIONS) parser.registerCsiHandler(question, () => !answers());
		parser.registerDcsHandler({ intermediates: '$', final: 'q' }, () => !answers());
	}

	/** How large it could be where it is; nothing while it is not to be seen. */
	room(): TerminalSize | undefined {
		const size = this.#fit.proposeDimensions();
		if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows)) return undefined;
		return { rows: clamp(size.rows, 2, 500), cols: clamp(size.cols, 4, 1000) };
	}

	resize({ rows, cols }: TerminalSize): void {
		if (rows !== this.terminal.rows || cols !== this.terminal.cols) this.terminal.resize(cols, rows);
	}

	/** Takes the page's colours as they are now. */
	dress(element: HTMLElement): void {
		this.terminal.options.theme = themeOf(element);
	}

	dispose(): void {
		this.terminal.dispose();
		this.#sheets.drop();
	}
}

/** What makes the rows: it takes the page's own document, whatever it was told. */
function rowsOf(terminal: Terminal): { _document: Document } {
	type Inside = {
		_core: { _renderService: { _renderer: { value: { _rowFactory: { _document: Document } } } } };
	};
	return (terminal as unknown as Inside)._core._renderService._renderer.value._rowFactory;
}

const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));

/** The sixteen colours, as they are read well on the page's light and dark grounds. */
const LIGHT = ['#2b2f2e', '#b3261e', '#2e7d32', '#7a5600', '#1d5fbf', '#8e3aa8', '#0f6b64', '#5b605e'];
const LIGHT_BRIGHT = ['#4f5553', '#b71c1c', '#1b6d2e', '#7d5700', '#1a5bbd', '#86309f', '#0b7168', '#5f6462'];
const DARK = ['#3b4341', '#f2837b', '#7cc98a', '#e0b45c', '#82aaf5', '#d29be6', '#4fd1c0', '#d5dbd8'];
const DARK_BRIGHT = ['#6d7774', '#ff9d95', '#98dda5', '#f0ca7c', '#a3c2ff', '#e3b6f3', '#7be3d5', '#ffffff'];
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

function themeOf(element: HTMLElement): ITheme {
	const style = getComputedStyle(element);
	const [background, foreground] = [rgb(style.backgroundColor), rgb(style.color)];
	const isDark = brightness(background) < brightness(foreground);
	const [plain, bright] = isDark ? [DARK, DARK_BRIGHT] : [LIGHT, LIGHT_BRIGHT];
	const colours = NAMES.flatMap((name, at) => [
		[name, plain[at]],
		[`bright${name[0]!.toUpperCase()}${name.slice(1)}`, bright[at]]
	]);
	const hex = ([red, green, blue]: readonly number[], alpha = '') =>
		`#${[red, green, blue]
			.map((part) =>
				Math.round(part ?? 0)
					.toString(16)
					.padStart(2, '0')
			)
			.join('')}${alpha}`;
	return {
		...(Object.fromEntries(colours) as ITheme),
		background: hex(background),
		foreground: hex(foreground),
		cursor: hex(foreground),
		cursorAccent: hex(background),
		selectionBackground: hex(foreground, '38')
	};
}

function rgb(colour: string): readonly number[] {
	return (
		colour
			.match(/[\d.]+/g)
			?.slice(0, 3)
			.map(Number) ?? [0, 0, 0]
	);
}

const brightness = ([red = 0, green = 0, blue = 0]: readonly number[]) =>
	red * 0.2126 + green * 0.7152 + blue * 0.0722;
