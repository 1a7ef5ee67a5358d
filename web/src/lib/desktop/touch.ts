// Fingers on a desktop. Two of them move and enlarge what is seen. One acts as the mouse: where it touches, or, in pointer
// mode, by moving the pointer from where it is; without control it moves the view. What it comes to is given to the viewer
// as the events of a mouse.

export interface Hand {
	/** What fingers do: look around, touch, or push the pointer. */
	mode(): 'look' | 'touch' | 'pointer';
	pan(dx: number, dy: number): void;
	zoom(factor: number, x: number, y: number): void;
	/** The pointer was pushed to this place of the window. */
	pointed(x: number, y: number): void;
	acted(): void;
}

interface Spot {
	readonly x: number;
	readonly y: number;
}

/** A finger that moved less has not moved. */
const STEADY = 8;
const LONG = 500;
const TWICE = 350;
const LEFT = 1;
const RIGHT = 2;

/** Takes every touch on `surface`; `screen` gives the element that is the desktop. */
export function fingers(surface: HTMLElement, screen: () => HTMLElement | null, hand: Hand): () => void {
	const hold = new Hold(screen, hand);
	const stop = new AbortController();
	const on = (
		type: 'touchstart' | 'touchmove' | 'touchend' | 'touchcancel',
		act: (event: TouchEvent) => void
	) =>
		surface.addEventListener(
			type,
			(event) => {
				event.preventDefault();
				event.stopPropagation();
				act(event);
			},
			{ capture: true, passive: false, signal: stop.signal }
		);
	on('touchstart', (event) => hold.begin(spots(event), event.timeStamp));
	on('touchmove', (event) => hold.move(spots(event)));
	on('touchend', (event) => hold.end(spots(event), event.timeStamp));
	on('touchcancel', () => hold.cancel());
	return () => {
		hold.cancel();
		stop.abort();
	};
}

const spots = ({ touches }: TouchEvent): Spot[] =>
	[...touches].map(({ clientX: x, clientY: y }) => ({ x, y }));

class Hold {
	#last: readonly Spot[] = [];
	#from: Spot | undefined;
	#hasMoved = false;
	/** More than one finger was down since the first came. */
	#several = false;
	#pressed = 0;
	#captured = false;
	#long: ReturnType<typeof setTimeout> | undefined;
	#tapped: { readonly at: Spot; readonly time: number } | undefined;
	#pointer: Spot | undefined;

	readonly #screen: () => HTMLElement | null;
	readonly #hand: Hand;

	constructor(screen: () => HTMLElement | null, hand: Hand) {
		this.#screen = screen;
		this.#hand = hand;
	}

	begin(now: readonly Spot[], time: number): void {
		this.#last = now;
		const [first] = now;
		if (now.length > 1 || !first) {
			this.#several = true;
			this.#release();
			return clearTimeout(this.#long);
		}
		this.#from = first;
		this.#hasMoved = this.#several = false;
		if (this.#hand.mode() === 'look') return;
		// A second tap that is held drags, in pointer mode: one finger cannot both push and press.
		const isSecond = this.#tapped && time - this.#tapped.time < TWICE;
		if (this.#hand.mode() === 'pointer' && isSecond) return this.#press(LEFT, this.#place(first));
		this.#long = setTimeout(() => {
			if (!this.#hasMoved && !this.#several) this.#click(RIGHT, this.#place(first));
			this.#from = undefined;
		}, LONG);
	}

	move(now: readonly Spot[]): void {
		const before = this.#last;
		this.#last = now;
		const [was, is] = [before[0], now[0]];
		if (!was || !is) return;
		if (now.length > 1) return this.#spread(before, now);
		if (this.#several || !this.#from) return;
		if (!this.#hasMoved && distance(is, this.#from) < STEADY) return;
		clearTimeout(this.#long);
		const begins = !this.#hasMoved;
		this.#hasMoved = true;
		this.#drag(begins, was, is);
	}

	end(rest: readonly Spot[], time: number): void {
		clearTimeout(this.#long);
		this.#last = rest;
		if (rest.length > 0) return;
		const from = this.#from;
		this.#from = undefined;
		if (this.#pressed) return this.#release();
		if (!from || this.#hasMoved || this.#several || this.#hand.mode() === 'look') return;
		const at = this.#place(this.#nearLastTap(from, time));
		this.#tapped = { at: from, time };
		this.#click(LEFT, at);
	}

	cancel(): void {
		clearTimeout(this.#long);
		this.#release();
		this.#from = undefined;
		this.#last = [];
	}

	#drag(begins: boolean, was: Spot, is: Spot): void {
		switch (this.#hand.mode()) {
			case 'look':
				return this.#hand.pan(is.x - was.x, is.y - was.y);
			case 'touch':
				if (begins && this.#from) this.#press(LEFT, this.#from);
				return this.#send('mousemove', is);
			case 'pointer': {
				const pointer = this.#place(is);
				this.#pointer = this.#inside({ x: pointer.x + is.x - was.x, y: pointer.y + is.y - was.y });
				this.#send('mousemove', this.#pointer);
				return this.#hand.pointed(this.#pointer.x, this.#pointer.y);
			}
		}
	}

	/** Two fingers: what lies between them follows them. */
	#spread(before: readonly Spot[], now: readonly Spot[]): void {
		const [a, b, c, d] = [before[0], before[1], now[0], now[1]];
		if (!a || !b || !c || !d) return;
		const [from, to] = [middle(a, b), middle(c, d)];
		this.#hand.pan(to.x - from.x, to.y - from.y);
		const [was, is] = [distance(a, b), distance(c, d)];
		if (was > 0 && is > 0) this.#hand.zoom(is / was, to.x, to.y);
	}

	/** Where a touch acts: under the finger, or where the pointer is. */
	#place(finger: Spot): Spot {
		if (this.#hand.mode() !== 'pointer') return finger;
		this.#pointer ??= this.#centre();
		return (this.#pointer = this.#inside(this.#pointer));
	}

	/** Two quick taps are meant for the same place. */
	#nearLastTap(at: Spot, time: number): Spot {
		const last = this.#tapped;
		return last && time - last.time < TWICE && distance(last.at, at) < 4 * STEADY ? last.at : at;
	}

	#centre(): Spot {
		const { left, top, width, height } = this.#box();
		return { x: left + width / 2, y: top + height / 2 };
	}

	#inside({ x, y }: Spot): Spot {
		const { left, right, top, bottom } = this.#box();
		return { x: Math.min(right - 1, Math.max(left, x)), y: Math.min(bottom - 1, Math.max(top, y)) };
	}

	#box(): DOMRect {
		return this.#screen()?.getBoundingClientRect() ?? new DOMRect();
	}

	#click(buttons: number, at: Spot): void {
		this.#press(buttons, at);
		this.#release(at);
	}

	#press(buttons: number, at: Spot): void {
		this.#send('mousemove', at);
		this.#pressed = buttons;
		this.#send('mousedown', at);
		// From here on the viewer listens for the mouse everywhere.
		this.#captured = true;
	}

	#release(at: Spot | undefined = this.#pointer ?? this.#last[0] ?? this.#from): void {
		if (!this.#pressed) return;
		const buttons = this.#pressed;
		this.#pressed = 0;
		this.#send('mouseup', at ?? this.#centre(), buttons);
		this.#captured = false;
	}

	#send(type: 'mousemove' | 'mousedown' | 'mouseup', { x, y }: Spot, changed = this.#pressed): void {
		const where = { clientX: x, clientY: y, bubbles: true, cancelable: true };
		const event = new MouseEvent(type, {
			...where,
			buttons: this.#pressed,
			button: changed === RIGHT ? 2 : 0
		});
		(this.#captured ? window : this.#screen())?.dispatchEvent(event);
		this.#hand.acted();
	}
}

const distance = (a: Spot, b: Spot) => Math.hypot(a.x - b.x, a.y - b.y);
const middle = (a: Spot, b: Spot): Spot => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
