// What serves in a session's sandbox, on origins of its own.

/** Where on it somebody goes: always a path of its own, whatever is typed. */
export function pathOf(typed: string): string {
	const path = typed.trim().replace(/^https?:\/\/[^/]*/i, '');
	return `/${path.replace(/^[/\\]+/, '')}`;
}

/** A link that lets this browser in, led to a place on it. */
export function linkTo(link: string, path: string): string {
	const entry = new URL(link);
	const place = new URL(pathOf(path), entry.origin);
	for (const [name, value] of entry.searchParams) place.searchParams.append(name, value);
	return place.href;
}
