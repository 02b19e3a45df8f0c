/**
 * The HTTP requests asked of a member, per version. Paths are those of a member's main port; 3.x has the v3 API only
 * (v1 and v2 answer 410 in 3.0, 404 from 3.2). A token goes into the header, never into a URL that a log may keep.
 */
import { Secret } from '../core/secret.ts'
import type { Version } from './version.ts'

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With context path and query. Holds no secret. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | Secret>>
  /** A form; a value may be a secret. */
  readonly form?: Readonly<Record<string, string | Secret>>
  /** A body in JSON instead. */
  readonly json?: string
}

/** Namespace, group and dataId of one configuration. `tenant` is the namespace's id; empty is public. */
export interface ConfigKey {
  readonly dataId: string
  readonly group: string
  readonly tenant?: string
}

export interface InstanceKey {
  readonly serviceName: string
  readonly ip: string
  readonly port: number
  /** A persistent one goes through Raft and stays until it is deleted. */
  readonly ephemeral: boolean
}

/** A service by its three names. */
export interface ServiceKey {
  readonly namespace: string
  readonly group: string
  readonly service: string
}

/** An instance that stays until it is deleted, with all that its registration said. */
export interface PersistentInstance extends ServiceKey {
  readonly ip: string
  readonly port: number
  readonly cluster: string
  readonly weight: number
  readonly enabled: boolean
  readonly metadata: Readonly<Record<string, string>>
}

type Query = Readonly<Record<string, string>>

const query = (pairs: Query): string => {
  const text = String(new URLSearchParams(pairs))
  return text === '' ? '' : `?${text}`
}

/** All requests for one version; `token` (from login) is added where it is given. */
export function api(version: Version, token?: Secret) {
  const v3 = version.major >= 3
  const headers = token ? { Authorization: new Secret(`Bearer ${token.reveal()}`) } : {}
  const request = (method: Request['method'], path: string, pairs: Query = {}): Request => ({
    method,
    path: `/nacos${path}${query(pairs)}`,
    headers,
  })
  const post = (path: string, form: NonNullable<Request['form']>): Request => ({
    ...request('POST', path),
    headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' },
    form,
  })
  const config = ({ dataId, group, tenant }: ConfigKey): Record<string, string> =>
    v3
      ? { dataId, groupName: group, ...(tenant ? { namespaceId: tenant } : {}) }
      : { dataId, group, ...(tenant ? { tenant } : {}) }
  const instance = ({ serviceName, ip, port, ephemeral }: InstanceKey): Record<string, string> => ({
    serviceName,
    ip,
    port: String(port),
    ephemeral: String(ephemeral),
  })
  const loader = v3 ? '/v3/admin/core/loader' : '/v2/core/loader'
  const serviceOf = ({ namespace, group, service }: ServiceKey): Record<string, string> => ({
    namespaceId: namespace,
    groupName: group,
    serviceName: v3 ? service : `${group}@@${service}`,
  })

  return {
    /** Every member as this one sees it: `readMembers`. 3.x wants an admin's token. */
    members: () => request('GET', v3 ? '/v3/admin/core/cluster/node/list' : '/v1/core/cluster/nodes'),
    /** Whether it serves: `readReadiness`. Open. Says nothing of Raft in 2.0. */
    readiness: () => request('GET', v3 ? '/v3/admin/core/state/readiness' : '/v1/console/health/readiness'),
    /** Whether it lives: `readReadiness`. Open. */
    liveness: () => request('GET', v3 ? '/v3/admin/core/state/liveness' : '/v1/console/health/liveness'),
    /** Whether the naming part is up: `readNamingUp`. */
    namingMetrics: () => request('GET', v3 ? '/v3/admin/ns/ops/metrics' : '/v1/ns/operator/metrics'),
    /** `readToken` reads the answer. */
    login: (username: string, password: Secret) =>
      post(v3 ? '/v3/auth/user/login' : '/v1/auth/login', { username, password }),
    publishConfig: (key: ConfigKey, content: string) =>
      post(v3 ? '/v3/admin/cs/config' : '/v1/cs/configs', { ...config(key), content, type: 'text' }),
    /** `readConfig` reads the answer. */
    config: (key: ConfigKey) => request('GET', v3 ? '/v3/client/cs/config' : '/v1/cs/configs', config(key)),
    deleteConfig: (key: ConfigKey) => request('DELETE', v3 ? '/v3/admin/cs/config' : '/v1/cs/configs', config(key)),
    registerInstance: (key: InstanceKey) => post(v3 ? '/v3/client/ns/instance' : '/v1/ns/instance', instance(key)),
    deleteInstance: (key: InstanceKey) =>
      request('DELETE', v3 ? '/v3/client/ns/instance' : '/v1/ns/instance', instance(key)),
    /** Hands the leadership of a Raft group to `peer` (`ip:raftport`); any member takes it. Wants an admin's token. */
    transferLeader: (groupId: string, peer: string): Request => ({
      ...request('POST', v3 ? '/v3/admin/core/ops/raft' : '/v1/core/ops/raft'),
      json: JSON.stringify({ groupId, command: 'transferLeader', value: peer }),
    }),
    /** Who is connected by gRPC: `readClients`. */
    connections: () => request('GET', `${loader}/current`),
    /** Asks clients to connect elsewhere until `count` connections, those of members included, are left. 0 would mean nothing. */
    moveConnections: (count: number) =>
      request(v3 ? 'POST' : 'GET', `${loader}/reloadCurrent`, { count: String(count) }),
    /** A page of the services of a namespace, of every group: `readServices`. */
    services: (namespace: string, pageNo: number, pageSize: number) =>
      request('GET', v3 ? '/v3/admin/ns/service/list' : '/v1/ns/catalog/services', {
        ...(v3 ? { withInstances: 'false', ignoreEmptyService: 'true' } : { withInstances: 'false' }),
        namespaceId: namespace,
        pageNo: String(pageNo),
        pageSize: String(pageSize),
      }),
    /** The clusters of a service, which 3.x does not need to be asked of: `readClusters`. */
    clusters: (key: ServiceKey) => request('GET', '/v1/ns/catalog/service', serviceOf(key)),
    /** Every instance in a cluster of a service, disabled ones too: `readPersistent`. */
    allInstances: (key: ServiceKey, cluster: string) =>
      v3
        ? request('GET', '/v3/admin/ns/instance/list', serviceOf(key))
        : request('GET', '/v1/ns/catalog/instances', {
            ...serviceOf(key),
            clusterName: cluster,
            pageNo: '1',
            pageSize: '1000000',
          }),
    registerPersistent: (one: PersistentInstance) =>
      post(v3 ? '/v3/admin/ns/instance' : '/v1/ns/instance', {
        ...serviceOf(one),
        ip: one.ip,
        port: String(one.port),
        clusterName: one.cluster,
        weight: String(one.weight),
        enabled: String(one.enabled),
        metadata: JSON.stringify(one.metadata),
        ephemeral: 'false',
      }),
    /** `readInstances` reads the answer. */
    instances: (serviceName: string) =>
      request('GET', v3 ? '/v3/client/ns/instance/list' : '/v1/ns/instance/list', { serviceName }),
  } satisfies Record<string, (...args: never[]) => Request>
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value at a path of keys in parsed JSON; undefined where there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  )
}

/** Undefined when it is ready, else what it says. 3.x answers 200 to all and puts the truth into `code`. */
export function readReadiness(status: number, body: string): string | undefined {
  const code = at(json(body), 'code')
  const ready = status === 200 && (code === undefined || code === 0 || code === 200)
  if (ready) return undefined
  const message = at(json(body), 'message')
  return typeof message === 'string' ? message : body.trim().slice(0, 200) || `HTTP ${status}`
}

/** Undefined when naming is up, else what it says. Without a leader 2.x answers 503 "server is DOWN now". */
export function readNamingUp(status: number, body: string): string | undefined {
  const answer = json(body)
  const state = at(answer, 'status') ?? at(answer, 'data', 'status')
  if (status === 200 && state === 'UP') return undefined
  return body.trim().slice(0, 200) || `HTTP ${status}`
}

/** Whether a write was taken: v1 answers `true` or `ok`, or `false` with 200; v2 and v3 put the truth into `code`. */
export function isAccepted(status: number, body: string): boolean {
  const code = at(json(body), 'code')
  return status === 200 && body.trim() !== 'false' && (code === undefined || code === 0 || code === 200)
}

/** The access token of a login; undefined when it was refused. */
export function readToken(status: number, body: string): string | undefined {
  const answer = json(body)
  const token = at(answer, 'accessToken') ?? at(answer, 'data', 'accessToken')
  return status === 200 && typeof token === 'string' && token !== '' ? token : undefined
}

/** The content of a configuration; undefined when there is none. 2.x answers the bare text. */
export function readConfig(version: Version, status: number, body: string): string | undefined {
  if (status !== 200) return undefined
  if (version.major < 3) return body
  const data = at(json(body), 'data')
  const content = typeof data === 'string' ? data : at(data, 'content')
  return typeof content === 'string' ? content : undefined
}

/** `ip:port` of every instance of a service, sorted. */
export function readInstances(status: number, body: string): string[] {
  const answer = json(body)
  const data = at(answer, 'data')
  const hosts = at(answer, 'hosts') ?? at(data, 'hosts') ?? data
  if (status !== 200 || !Array.isArray(hosts)) return []
  return hosts.map((host) => `${at(host, 'ip')}:${at(host, 'port')}`).sort()
}
