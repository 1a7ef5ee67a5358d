export type StageTab = 'desktop' | 'files' | 'artifacts' | 'details';

const LABELS = { desktop: 'Desktop', files: 'Files', artifacts: 'Artifacts', details: 'Details' } as const;

const tab = (id: StageTab) => ({ id, label: LABELS[id] });

const DESKTOP_FIRST = (['desktop', 'files', 'artifacts', 'details'] as const).map(tab);
const FILES_FIRST = (['files', 'desktop', 'artifacts', 'details'] as const).map(tab);

/** What the stage can show, the likeliest first. */
export function stageTabs(desktopIsUsed: boolean): readonly { id: StageTab; label: string }[] {
	return desktopIsUsed ? DESKTOP_FIRST : FILES_FIRST;
}
