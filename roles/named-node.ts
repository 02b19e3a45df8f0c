/** The node that a procedure is told to work on. */
import { usageError } from '../lib/core/error.ts'
import type { Node } from './nacos-node.ts'

/**
 * The node of this name. `key` is the parameter that named it, as in `-e node=nacos2`. Throws a usage error that lists the
 * nodes there are, also where none was named.
 */
export function namedNode(nodes: readonly Node[], key: string, name: string | undefined): Node {
  const found = nodes.find((node) => node.name === name)
  if (found) return found
  const names = nodes.map((node) => node.name).join(', ')
  throw usageError({
    where: `-e ${key}=${name ?? 'NAME'}`,
    what: name === undefined ? 'no node is named' : `there is no node "${name}"`,
    remedy: `name one of ${names}`,
  })
}
