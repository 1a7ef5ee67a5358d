// What a person set up on this browser: the theme, and how wide the panes are.

import { read, write } from './storage';

export type Theme = 'system' | 'light' | 'dark';

export interface PaneBounds {
	least: number;
	most: number;
	usual: number;
}

export const PANES = {
	list: { least: 220, most: 440, usual: 288 },
	stage: { least: 280, most: 900, usual: 432 },
	/** The stage while it shows the desktop, which wants more room than words do. */
	desktop: { least: 320, most: 1600, usual: 640 }
} satisfies Record<string, PaneBounds>;

export type Pane = keyof typeof PANES;

class Preferences {
	theme = $state<Theme>(readTheme());
	#widths = $state<Record<Pane, number>>({
		list: readWidth('list'),
		stage: readWidth('stage'),
		desktop: readWidth('desktop')
	});

	setTheme(theme: Theme): void {
		this.theme = theme;
		if (theme === 'system') delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = theme;
		write('holt.theme', theme === 'system' ? null : theme);
	}

	width(pane: Pane): number {
		return this.#widths[pane];
	}

	setWidth(pane: Pane, width: number): void {
		const { least, most } = PANES[pane];
		this.#widths[pane] = Math.round(Math.min(most, Math.max(least, width)));
		write(`holt.pane.${pane}`, String(this.#widths[pane]));
	}
}

function readTheme(): Theme {
	const theme = read('holt.theme');
	return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function readWidth(pane: Pane): number {
	const { least, most, usual } = PANES[pane];
	const width = Number(read(`holt.pane.${pane}`) ?? usual);
	return width >= least && width <= most ? width : usual;
}

export const preferences = new Preferences();
