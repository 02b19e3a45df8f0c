/** Values of a program's own as values with a place: what a TypeScript module gives as an inventory. */
import { type Located, type LocatedEntry, LocatedList, LocatedMap, LocatedScalar, type Place } from './located.ts'
import { Secret } from './secret.ts'

/**
 * `value` with a place for each of its parts: the name of its source and the way to it, `cloud.ts → nacos.hosts[0]`.
 * What is no text, number, truth value, list, map or Secret goes to `report`, and counts as nothing.
 */
export function locate(
  value: unknown,
  source: string,
  report: (at: Place, what: string, remedy: string) => void,
): Located {
  const inside: unknown[] = []
  const visit = (value: unknown, path: string): Located => {
    const at = { file: path === '' ? source : `${source} → ${path}`, line: 0, column: 0 }
    const refuse = (what: string, remedy: string): Located => {
      report(at, what, remedy)
      return new LocatedScalar(at, null, '')
    }
    if (value instanceof Secret) return new LocatedScalar(at, { open: () => value }, '', true)
    if (value === null || value === undefined) return new LocatedScalar(at, null, '')
    if (typeof value === 'string' && /\{\{|\{%/.test(value))
      return refuse('a Jinja expression, and these are not evaluated', 'give the value itself')
    if (typeof value === 'string' || typeof value === 'boolean') return new LocatedScalar(at, value, String(value))
    if (typeof value === 'number' && Number.isFinite(value)) return new LocatedScalar(at, value, String(value))
    if (inside.includes(value)) return refuse('a value that contains itself', 'give it once')
    const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    if (typeof value !== 'object' || !plain)
      return refuse('a value that no inventory can hold', 'give text, numbers, true, false, lists, maps or a Secret')
    inside.push(value)
    try {
      if (Array.isArray(value))
        return new LocatedList(
          at,
          value.map((item, i) => visit(item, `${path}[${i}]`)),
        )
      const entries = Object.entries(value).map(([key, inner]): [string, LocatedEntry] => {
        const way = path === '' ? key : `${path}.${key}`
        if (key === '__proto__') refuse('"__proto__" cannot be a key', 'use another name')
        const located = visit(inner, way)
        return [key, { at: located.at, value: located }]
      })
      return new LocatedMap(at, new Map(entries))
    } finally {
      inside.pop()
    }
  }
  return visit(value, '')
}
