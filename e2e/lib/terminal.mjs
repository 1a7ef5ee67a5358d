// A person's view of the terminals of a session.

export class TerminalView {
	constructor(person) {
		Object.assign(this, { person, page: person.page });
	}

	get view() {
		return this.page.getByRole('region', { name: 'Terminals' });
	}

	button(name) {
		return this.view.getByRole('button', { name });
	}

	tab(name) {
		return this.view.getByRole('tab', { name });
	}

	/** Opens the first one of a session that stands open. */
	async opens() {
		await this.person.shows('Terminal');
		await this.button('Open a terminal').click();
		await this.sees('$');
	}

	async menu(item) {
		await this.button('More about this terminal').click();
		await this.page.getByRole('menuitem', { name: item }).click();
	}

	async types(text) {
		await this.view.locator('.xterm-helper-textarea').focus();
		await this.page.keyboard.type(text);
	}

	/** What stands on the screen. */
	text() {
		return this.view.locator('.xterm-rows > div').evaluateAll((rows) =>
			rows
				.map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd())
				.join('\n')
				.trimEnd()
		);
	}

	async sees(text) {
		await this.page.waitForFunction(
			(text) => document.querySelector('.xterm-rows')?.textContent.replaceAll('\u00a0', ' ').includes(text),
			text
		);
	}
}
