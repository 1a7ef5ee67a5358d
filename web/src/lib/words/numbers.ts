// Amounts as people read them: short, with their unit.

const SIZE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** `812 bytes`, `1.2 kB`, `34 MB`. */
export function size(bytes: number): string {
	let amount = bytes;
	let unit = 0;
	while (amount >= 999.5 && unit < SIZE_UNITS.length - 1) {
		amount /= 1000;
		unit += 1;
	}
	if (unit === 0) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
	return `${amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${SIZE_UNITS[unit]}`;
}

/** Memory and disk limits are powers of two; `4 GiB`, `512 MiB`. */
export function capacity(bytes: number): string {
	const gib = bytes / 2 ** 30;
	if (gib >= 1) return `${trimmed(gib)} GiB`;
	return `${trimmed(bytes / 2 ** 20)} MiB`;
}

function decimal(amount: number): string {
	return amount >= 99.95 ? String(Math.round(amount)) : amount.toFixed(1).replace(/\.0$/, '');
}

function trimmed(amount: number): string {
	return amount >= 9.95 ? String(Math.round(amount)) : amount.toFixed(1).replace(/\.0$/, '');
}

/** `840`, `12.4k`, `1.2M`. */
export function short(count: number): string {
	if (count < 1000) return String(count);
	if (count < 999_950) return `${decimal(count / 1000)}k`;
	return `${decimal(count / 1_000_000)}M`;
}

/** `$0.08`, `$12.40`; what is less than half a cent but not nothing says so. */
export function cost(micros: number): string {
	if (micros > 0 && micros < 5000) return 'under $0.01';
	return `$${(micros / 1_000_000).toFixed(2)}`;
}

/** What was spent, and that it is not all of it where a model has no known price. */
export function spent({ cost_micros = 0, unpriced }: { cost_micros?: number; unpriced?: boolean }): string {
	if (!unpriced) return cost(cost_micros);
	return cost_micros ? `more than ${cost(cost_micros)}` : 'cost unknown';
}

/** `1 file`, `4 files`. */
export function count(amount: number, one: string, many = `${one}s`): string {
	return `${amount} ${amount === 1 ? one : many}`;
}
