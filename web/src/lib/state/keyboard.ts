// What single keys do, as long as nobody is writing.

import { flushSync } from 'svelte';
import { goto } from '$app/navigation';
import { focusPrompt, focusSearch, isWriting, parts } from './interface.svelte';
import { sessions } from './sessions.svelte';

/** Handles a key for the whole page. */
export function onPageKey(event: KeyboardEvent): void {
	if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey) {
		parts.palette = !parts.palette;
		event.preventDefault();
		return;
	}
	if (event.key === 'Escape' && parts.drawer) parts.drawer = false;
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
	if (isWriting(event.target) || document.querySelector('dialog[open]')) return;
	const act = actionFor(event.key);
	if (!act) return;
	event.preventDefault();
	act();
}

function actionFor(key: string): (() => void) | undefined {
	const offered = parts.commandFor(key);
	if (offered) return offered.act;
	switch (key) {
		case '/':
			return search;
		case 'j':
			return () => move(1);
		case 'k':
			return () => move(-1);
		case 'n':
			return begin;
		case 'p':
			return focusPrompt;
		case '?':
			return () => (parts.help = true);
		default:
			return undefined;
	}
}

function begin(): void {
	if (location.pathname === '/') focusPrompt();
	else void goto('/').then(focusPrompt);
}

function search(): void {
	if (focusSearch()) return;
	parts.drawer = true;
	// At once, so that what is typed next already stands in it.
	flushSync();
	focusSearch();
}

/** Moves the focus along the list; the browser opens what has it on Enter. */
function move(step: number): void {
	const links = [...document.querySelectorAll<HTMLElement>('a[data-session]')].filter(
		(link) => link.offsetParent !== null
	);
	if (links.length === 0) {
		if (sessions.ordered.length > 0) parts.drawer = true;
		return;
	}
	const focused = links.indexOf(document.activeElement as HTMLElement);
	const current = focused >= 0 ? focused : links.findIndex((link) => link.ariaCurrent === 'page');
	const next = current < 0 ? 0 : Math.min(links.length - 1, Math.max(0, current + step));
	links[next]?.focus();
}
