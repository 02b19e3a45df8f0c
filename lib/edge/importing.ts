/** Modules of the user's: inventories and playbooks. */

/** What lib/entry has for the bundle, which as a script has no import(); the sources alone are run by tsx, and have one. */
export const importing = (): ((url: string) => Promise<unknown>) =>
  Reflect.get(globalThis, Symbol.for('plinth.import')) ?? ((url: string) => import(url))
