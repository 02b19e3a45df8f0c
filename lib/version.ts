import { createRequire } from 'node:module'

/** Plinth's own version, as its package says. */
export const version = (createRequire(import.meta.url)('../package.json') as { readonly version: string }).version
