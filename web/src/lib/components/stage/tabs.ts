export type StageTab = 'files' | 'artifacts' | 'details';

export const STAGE_TABS: readonly { id: StageTab; label: string }[] = [
	{ id: 'files', label: 'Files' },
	{ id: 'artifacts', label: 'Artifacts' },
	{ id: 'details', label: 'Details' }
];
