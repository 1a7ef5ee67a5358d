// What single keys do, as long as nobody is writing.

import { goto } from '$app/navigation';
import { focusPrompt, focusSearch, isWriting, parts } from './interface.svelte';
import { sessions } from './sessions.svelte';
import { hasList } from './viewport.svelte';

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
			return () => void goto('/').then(focusPrompt);
		case 'p':
			return focusPrompt;
		case '?':
			return () => (parts.help = true);
		default:
			return undefined;
	}
}

function search(): void {
	if (!hasList.current) parts.drawer = true;
	// The drawer has to be there first.
	requestAnimationFrame(focusSearch);
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
