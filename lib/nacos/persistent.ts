/** Persistent instances in the answers of a server: Raft keeps them, and no table of the database has them. */
import { at, type PersistentInstance, type ServiceKey } from './api.ts'

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
const list = (...values: readonly unknown[]): readonly unknown[] | undefined => values.find(Array.isArray)

/** It was listed a moment ago, and is there no more. */
const isGone = (status: number, body: string): boolean =>
  status === 404 && /\b(service|cluster) .*is not found/.test(body)

/** The services of a page, 2.x or 3.x; undefined for an answer that is none. */
export function readServices(namespace: string, status: number, body: string): ServiceKey[] | undefined {
  const answer = parsed(body)
  if (status !== 200) return undefined
  return list(at(answer, 'serviceList'), at(answer, 'data', 'pageItems'))?.map((one) => ({
    namespace,
    group: text(at(one, 'groupName')),
    service: text(at(one, 'name')),
  }))
}

/** The names of a service's clusters (2.x); undefined for an answer that is none. */
export function readClusters(status: number, body: string): string[] | undefined {
  if (isGone(status, body)) return []
  return status === 200 ? list(at(parsed(body), 'clusters'))?.map((one) => text(at(one, 'name'))) : undefined
}

/** The persistent ones among the instances of a service; undefined for an answer that is none. */
export function readPersistent(key: ServiceKey, status: number, body: string): PersistentInstance[] | undefined {
  if (isGone(status, body)) return []
  const answer = parsed(body)
  if (status !== 200) return undefined
  const { namespace, group, service } = key
  return list(at(answer, 'list'), at(answer, 'data'), at(answer, 'data', 'pageItems'))
    ?.filter((one) => at(one, 'ephemeral') === false)
    .map((one) => ({
      namespace,
      group,
      service,
      ip: text(at(one, 'ip')),
      port: Number(at(one, 'port')),
      cluster: text(at(one, 'clusterName')) || 'DEFAULT',
      weight: Number(at(one, 'weight') ?? 1),
      enabled: at(one, 'enabled') !== false,
      metadata: metadataOf(at(one, 'metadata')),
    }))
}

const metadataOf = (value: unknown): Record<string, string> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, text(inner)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    : {}

/** What tells one instance from another, with all that it says: two that are equal need no registration. */
export const instanceText = (one: PersistentInstance): string =>
  JSON.stringify([
    one.namespace,
    one.group,
    one.service,
    one.ip,
    one.port,
    one.cluster,
    one.weight,
    one.enabled,
    Object.entries(one.metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
  ])
