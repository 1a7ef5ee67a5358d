// How much room there is. The same widths stand in the style sheets.

import { MediaQuery } from 'svelte/reactivity';

/** The list of sessions has a place of its own; narrower, it is a drawer. */
export const hasList = new MediaQuery('min-width: 70em', true);
/** The stage stands beside the conversation; narrower, it is a tab. */
export const hasStage = new MediaQuery('min-width: 60em', true);
/** It is touched rather than pointed at. */
export const hasFingers = new MediaQuery('pointer: coarse', false);
/** One column, the rail at the bottom. */
export const isPhone = new MediaQuery('max-width: 40em', false);
