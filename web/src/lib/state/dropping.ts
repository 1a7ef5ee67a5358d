// Files that are dragged onto a part of the page.

import type { Attachment } from 'svelte/attachments';

interface Drop {
	/** Files were let go. */
	files(files: File[]): void;
	/** Files hover above it, or no longer. */
	over(isOver: boolean): void;
}

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** Lets files be dropped onto an element. The innermost such element takes them. */
export function droppable({ files, over }: Drop): Attachment<HTMLElement> {
	return (element) => {
		let depth = 0;
		const stop = new AbortController();
		const on = (type: 'dragenter' | 'dragover' | 'dragleave' | 'drop', handle: (event: DragEvent) => void) =>
			element.addEventListener(
				type,
				(event) => {
					if (!hasFiles(event)) return;
					event.preventDefault();
					event.stopPropagation();
					handle(event);
				},
				{ signal: stop.signal }
			);
		on('dragenter', () => over((depth += 1) > 0));
		on('dragover', () => {});
		on('dragleave', () => over((depth -= 1) > 0));
		on('drop', (event) => {
			depth = 0;
			over(false);
			files([...(event.dataTransfer?.files ?? [])]);
		});
		return () => stop.abort();
	};
}
