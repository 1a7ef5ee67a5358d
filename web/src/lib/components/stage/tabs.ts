export type StageTab = 'desktop' | 'files' | 'preview' | 'artifacts' | 'details';

const LABELS = {
	desktop: 'Desktop',
	files: 'Files',
	preview: 'Preview',
	artifacts: 'Artifacts',
	details: 'Details'
} as const;

const tab = (id: StageTab) => ({ id, label: LABELS[id] });

const DESKTOP_FIRST = (['desktop', 'files', 'preview', 'artifacts', 'details'] as const).map(tab);
const FILES_FIRST = (['files', 'desktop', 'preview', 'artifacts', 'details'] as const).map(tab);

/** What the stage can show, the likeliest first. */
export function stageTabs(desktopIsUsed: boolean): readonly { id: StageTab; label: string }[] {
	return desktopIsUsed ? DESKTOP_FIRST : FILES_FIRST;
}
