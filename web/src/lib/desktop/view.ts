// Which part of a desktop is looked at, on a screen that is too small for it. Pure.
//
// The desktop is as large as its frame, times a zoom; the view is how far it is shifted under the frame.

export interface Frame {
	readonly width: number;
	readonly height: number;
}

export interface View {
	readonly zoom: number;
	/** How far the upper left corner lies outside the frame, in its pixels. */
	readonly x: number;
	readonly y: number;
}

interface Point {
	readonly x: number;
	readonly y: number;
}

export const WHOLE: View = { zoom: 1, x: 0, y: 0 };
const CLOSEST = 6;

/** Moves the desktop with a finger. */
export function moved(view: View, frame: Frame, by: Point): View {
	return bounded({ ...view, x: view.x - by.x, y: view.y - by.y }, frame);
}

/** Comes closer or goes back, while what lies under `at` stays there. */
export function zoomed(view: View, frame: Frame, factor: number, at: Point): View {
	const zoom = clamp(view.zoom * factor, 1, CLOSEST);
	const grown = zoom / view.zoom;
	return bounded({ zoom, x: (view.x + at.x) * grown - at.x, y: (view.y + at.y) * grown - at.y }, frame);
}

/** Shifts as far as it takes for a point of the frame to be well inside it. */
export function revealing(view: View, frame: Frame, at: Point, margin: number): View {
	const over = (place: number, length: number) =>
		Math.min(0, place - margin) + Math.max(0, place + margin - length);
	return bounded(
		{ ...view, x: view.x + over(at.x, frame.width), y: view.y + over(at.y, frame.height) },
		frame
	);
}

function bounded({ zoom, x, y }: View, { width, height }: Frame): View {
	return { zoom, x: clamp(x, 0, width * (zoom - 1)), y: clamp(y, 0, height * (zoom - 1)) };
}

function clamp(value: number, least: number, most: number): number {
	return Math.min(most, Math.max(least, value));
}
