// The page is a program in the browser: nothing of it is rendered elsewhere.
export const ssr = false;
export const prerender = false;
