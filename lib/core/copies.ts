/**
 * Classes of which one process may have several copies: a playbook that imports the bundled `plinth` calls a role that imports the
 * sources, or a package of roles brings a Plinth of its own.
 */

const ordinary = Function.prototype[Symbol.hasInstance]

/**
 * Has `instanceof` know the instances of all copies of a class, by a mark that they share. `name` is the same in each copy and no other
 * class has it. Of a class that extends it, `instanceof` means what it always does.
 */
export function knownInAllCopies(type: abstract new (...args: never) => object, name: string): void {
  const mark = Symbol.for(`plinth.${name}`)
  Object.defineProperty(type.prototype, mark, { value: true })
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== type) return ordinary.call(this, value)
      return typeof value === 'object' && value !== null && mark in value
    },
  })
}
