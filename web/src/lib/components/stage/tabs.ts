export type StageTab = 'desktop' | 'terminal' | 'files' | 'changes' | 'preview' | 'artifacts' | 'details';

const LABELS = {
	desktop: 'Desktop',
	terminal: 'Terminal',
	files: 'Files',
	changes: 'Changes',
	preview: 'Preview',
	artifacts: 'Artifacts',
	details: 'Details'
} as const;

const tab = (id: StageTab) => ({ id, label: LABELS[id] });

const DESKTOP_FIRST = (
	['desktop', 'terminal', 'files', 'changes', 'preview', 'artifacts', 'details'] as const
).map(tab);
const FILES_FIRST = (
	['files', 'changes', 'desktop', 'terminal', 'preview', 'artifacts', 'details'] as const
).map(tab);

/** What the stage can show, the likeliest first. */
export function stageTabs(desktopIsUsed: boolean): readonly { id: StageTab; label: string }[] {
	return desktopIsUsed ? DESKTOP_FIRST : FILES_FIRST;
}
