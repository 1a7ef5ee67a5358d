// A person at a session's desktop, in the session's page or in a window of its own.

export class DesktopView {
	constructor(person) {
		Object.assign(this, { person, page: person.page });
	}

	get canvas() {
		return this.page.locator('section.desktop canvas');
	}

	get bar() {
		return this.page.locator('section.desktop .bar');
	}

	/** What the bar says of who drives. */
	says(words) {
		return this.bar.getByText(words);
	}

	button(name) {
		return this.page.locator('section.desktop').getByRole('button', { name });
	}

	/** The picture has come: something other than one colour, in all of it or a part. */
	async isSeen(part, colours = 2) {
		await this.page.waitForFunction(
			({ part, colours }) => {
				const canvas = document.querySelector('section.desktop canvas');
				if (!canvas || canvas.width < 2) return false;
				const { x, y, width, height } = part ?? { x: 0, y: 0, width: canvas.width, height: canvas.height };
				// Read from a copy, so that the page's own canvas stays where it is quick to draw on.
				const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
				copy.drawImage(canvas, x, y, width, height, 0, 0, width, height);
				const pixels = new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer);
				return new Set(pixels).size >= colours;
			},
			{ part, colours }
		);
	}

	/** The picture as it is now. */
	picture() {
		return this.canvas.evaluate((canvas) => canvas.toDataURL());
	}

	/** Waits until the picture is another. */
	async moves(from) {
		await this.page.waitForFunction(
			(from) => document.querySelector('section.desktop canvas')?.toDataURL() !== from,
			from
		);
	}

	/** Where in the window a place of the desktop is. */
	async #place(x, y) {
		const box = await this.canvas.boundingBox();
		const width = await this.canvas.evaluate((canvas) => canvas.width);
		return { x: box.x + (x * box.width) / width, y: box.y + (y * box.width) / width };
	}

	/** Presses the mouse at a place of the desktop, in its own pixels. */
	async clicks(x, y, options) {
		const place = await this.#place(x, y);
		await this.page.mouse.click(place.x, place.y, options);
	}

	async taps(x, y) {
		const place = await this.#place(x, y);
		await this.page.touchscreen.tap(place.x, place.y);
	}

	/** Two fingers in the middle of the desktop go apart. */
	async spreads() {
		const { x, y, width, height } = await this.canvas.boundingBox();
		const [middle, level] = [x + width / 2, y + height / 2];
		const at = (apart) => [
			{ x: middle - apart, y: level, id: 1 },
			{ x: middle + apart, y: level, id: 2 }
		];
		await this.#touches([at(30), at(50), at(70), at(90)]);
	}

	/** One finger goes from one place of the window to another. */
	async drags(from, to) {
		const steps = [0, 0.25, 0.5, 0.75, 1];
		const at = (share) => [{ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, id: 1 }];
		await this.#touches(steps.map(at));
	}

	async #touches([first, ...rest]) {
		const client = await this.page.context().newCDPSession(this.page);
		const send = (type, touchPoints) => client.send('Input.dispatchTouchEvent', { type, touchPoints });
		await send('touchStart', first);
		for (const points of rest) await send('touchMove', points);
		await send('touchEnd', []);
		await client.detach();
	}

	async types(text) {
		await this.page.keyboard.type(text, { delay: 5 });
	}

	async takes() {
		await this.button('Take control').click();
		await this.says('You have control').waitFor();
	}

	async gives() {
		await this.button('Give back').first().click();
		await this.says('View only').waitFor();
	}

	/** Lets what the agent has started go on, or stand still. */
	async letsProgramsRun(run = true) {
		await this.page.getByRole('switch', { name: /Let programs run/ }).setChecked(run);
		await this.page.getByText(run ? 'goes on; the agent itself waits' : 'stands still until').waitFor();
	}
}
