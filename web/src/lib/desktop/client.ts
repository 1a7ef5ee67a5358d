// This tab, as the server knows it: control belongs to a tab, and stays with it through a reload.

import { read, write } from '$lib/state/storage';
import { newId } from '$lib/words/ids';

const STORED = 'holt.client';
const IS_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

let known: string | undefined;

/** The id under which this tab takes control. */
export function thisClient(): string {
	known ??= kept() ?? made();
	return known;
}

function kept(): string | undefined {
	const id = read(STORED, 'sessionStorage');
	return id && IS_ID.test(id) ? id : undefined;
}

function made(): string {
	const id = newId();
	write(STORED, id, 'sessionStorage');
	return id;
}
