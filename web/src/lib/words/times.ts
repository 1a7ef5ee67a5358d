// Instants and durations as people read them. The page speaks English; its clock has twenty-four hours.

const LOCALE = 'en-GB';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `28 ms`, `0.3 s`, `42 s`, `2 min 10 s`, `1 h 4 min`. */
export function duration(millis: number): string {
	const time = Math.max(0, millis);
	if (time < 95) return `${Math.round(time)} ms`;
	if (time < 9.95 * SECOND) return `${(time / SECOND).toFixed(1)} s`;
	return wholeDuration(time);
}

/** As `duration`, without parts of a second: for clocks that run before one's eyes. */
export function wholeDuration(millis: number): string {
	const time = Math.max(0, millis);
	if (time < MINUTE) return `${Math.floor(time / SECOND)} s`;
	if (time < HOUR) return `${Math.floor(time / MINUTE)} min ${Math.floor((time % MINUTE) / SECOND)} s`;
	if (time < DAY) return `${Math.floor(time / HOUR)} h ${Math.floor((time % HOUR) / MINUTE)} min`;
	return `${Math.floor(time / DAY)} d ${Math.floor((time % DAY) / HOUR)} h`;
}

/** `just now`, `4 min ago`, `3 h ago`, `2 days ago`, then the date. */
export function ago(at: number, now: number): string {
	const past = now - at;
	if (past < MINUTE) return 'just now';
	if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
	if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
	if (past < 2 * DAY) return 'yesterday';
	if (past < 14 * DAY) return `${Math.floor(past / DAY)} days ago`;
	return day(at);
}

/** The short form for narrow columns: `now`, `4 min`, `3 h`, `2 d`. */
export function age(at: number, now: number): string {
	const past = now - at;
	if (past < MINUTE) return 'now';
	if (past < HOUR) return `${Math.floor(past / MINUTE)} min`;
	if (past < DAY) return `${Math.floor(past / HOUR)} h`;
	return `${Math.floor(past / DAY)} d`;
}

/** `14:02`, by the clock on the wall. */
export function clock(at: number): string {
	return new Date(at).toLocaleTimeString(LOCALE, { hour: '2-digit', minute: '2-digit' });
}

/** A moment to come: `14:02` today, else with its day. */
export function moment(at: number, now: number): string {
	const isToday = new Date(at).toDateString() === new Date(now).toDateString();
	if (isToday) return clock(at);
	return `${new Date(at).toLocaleDateString(LOCALE, { weekday: 'long' })}, ${clock(at)}`;
}

/** The exact instant, for those who hover. */
export function exact(at: number): string {
	return new Date(at).toLocaleString(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `20 Nov 2025`. */
export function day(at: number): string {
	return new Date(at).toLocaleDateString(LOCALE, { dateStyle: 'medium' });
}

/** The instant for machines. */
export function iso(at: number): string {
	return new Date(at).toISOString();
}
