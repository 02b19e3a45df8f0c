/** All that the package's one bundled file holds; `lib/entry/` hands it out by its entry points. */
export * as roles from '../roles/index.ts'
export { command } from './command.ts'
export { partsUsed } from './edge/parts-used.ts'
export * as plinth from './index.ts'
export * as testing from './testing.ts'
