/** Properties that are made when somebody asks for them: of what is planned for a thousand hosts few ask for all. Pure. */

/**
 * Gives objects a property of this name that is made when it is first read, and then stays. It is an own one like any
 * other, so that a copy has it too. All objects share one getter: with one each, no two would have the same shape, and
 * each would take several times the memory.
 */
export function lazily<Name extends string, Value>(name: Name) {
  const maker = Symbol(name)
  const getter: PropertyDescriptor & ThisType<{ readonly [maker]: () => Value }> = {
    enumerable: true,
    configurable: true,
    get() {
      const value = this[maker]()
      Object.defineProperty(this, name, { value, enumerable: true, configurable: true })
      return value
    },
  }
  return <T extends object>(to: T, make: () => Value): T & Readonly<Record<Name, Value>> => {
    const one = to as T & { [maker]: () => Value } & Record<Name, Value>
    one[maker] = make
    return Object.defineProperty(one, name, getter)
  }
}
