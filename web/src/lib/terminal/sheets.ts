// Styles of a library that writes them into the page as it goes. The page's policy takes no style sheets that are written
// so, nor style attributes, and should not; the same said to the object model is fine.

/** Makes elements for the library: its style sheets become the document's own, without an element. */
export class Sheets {
	readonly #sheets: CSSStyleSheet[] = [];

	/** The document, as the library is to see it. */
	readonly document: Document = new Proxy(document, {
		get: (target, key) => {
			if (key === 'createElement') return (name: string) => this.#element(name);
			const value: unknown = Reflect.get(target, key, target);
			return typeof value === 'function' ? (value.bind(target) as unknown) : value;
		}
	});

	/** Runs something that asks the page's own document all the same. */
	during<Result>(act: () => Result): Result {
		document.createElement = ((name: string) => this.#element(name)) as typeof document.createElement;
		try {
			return act();
		} finally {
			Reflect.deleteProperty(document, 'createElement');
		}
	}

	drop(): void {
		document.adoptedStyleSheets = document.adoptedStyleSheets.filter(
			(sheet) => !this.#sheets.includes(sheet)
		);
	}

	#element(name: string): HTMLElement {
		if (name === 'style') return this.#sheet();
		const element = Document.prototype.createElement.call(document, name);
		if (name === 'span') element.setAttribute = (key: string, value: string) => set(element, key, value);
		return element;
	}

	#sheet(): HTMLElement {
		const sheet = new CSSStyleSheet();
		this.#sheets.push(sheet);
		document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
		const stand = Document.prototype.createElement.call(document, 'template');
		return Object.defineProperty(stand, 'textContent', { set: (text: string) => sheet.replaceSync(text) });
	}
}

function set(element: HTMLElement, key: string, value: string): void {
	if (key === 'style') element.style.cssText = value;
	else Element.prototype.setAttribute.call(element, key, value);
}
