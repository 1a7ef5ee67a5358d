// The browser's storage, which may be off or full: then what is kept is kept until the page is closed.

type Area = 'localStorage' | 'sessionStorage';

export function read(name: string, area: Area = 'localStorage'): string | null {
	try {
		return window[area].getItem(name);
	} catch {
		return null;
	}
}

/** Keeps a value, or forgets it when there is none. */
export function write(name: string, value: string | null, area: Area = 'localStorage'): void {
	try {
		if (value === null) window[area].removeItem(name);
		else window[area].setItem(name, value);
	} catch {
		// It holds until the page is closed.
	}
}
