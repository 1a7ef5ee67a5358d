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

	/** Presses the mouse at a place of the desktop, in its own pixels. */
	async clicks(x, y, options) {
		const box = await this.canvas.boundingBox();
		const width = await this.canvas.evaluate((canvas) => canvas.width);
		const scale = box.width / width;
		await this.page.mouse.click(box.x + x * scale, box.y + y * scale, options);
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
