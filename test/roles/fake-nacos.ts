/** A little Nacos 2.2, or 3.0 as far as a gate asks it, behind a gate's scope: members that answer over HTTP, and the faults a test switches on. */
import type { HttpRequest, HttpResponse } from '../../lib/core/channel.ts'
import { hostError, unreachable } from '../../lib/core/error.ts'
import { groupsExpected } from '../../lib/nacos/cluster.ts'
import { raftPeerOf } from '../../lib/nacos/members.ts'
import { type Canned, canned } from '../../lib/testing.ts'
import type { NodeScope } from '../../roles/nacos-http.ts'
import { memberOfNode, type Node } from '../../roles/nacos-node.ts'

/** How one member's picture of the cluster differs from the truth. */
export interface Sees {
  /** States by address; UP unless told. */
  readonly states?: Readonly<Record<string, string>>
  /** Addresses it counts as members beyond the others. */
  readonly strays?: readonly string[]
  /** Addresses it has not heard of. */
  readonly ignorantOf?: readonly string[]
  /** The Raft leader it follows; empty for none. Default: the peer of the first member that is up. */
  readonly leader?: string
  /** Its Raft groups; null when it belongs to none. Default: those of the version. */
  readonly groups?: readonly string[] | null
  readonly strayPeers?: readonly string[]
  /** Members that are no peers to it. */
  readonly lacks?: readonly string[]
}

export interface Faults {
  /** Nodes on which nothing listens. */
  readonly down?: readonly string[]
  /** Nodes whose machine can't be reached. */
  readonly cut?: readonly string[]
  readonly sees?: Readonly<Record<string, Sees>>
  /** Another answer to `GET /nacos/v1/…` of a node. */
  readonly fault?: (node: string, request: string) => { readonly status: number; readonly body?: string } | undefined
  /** What is on the machines, by node, as `reader:key`. */
  readonly on?: Readonly<Record<string, Canned>>
}

/** Paths of 3.x, and those of 2.x that do the same. */
const older: Readonly<Record<string, string>> = {
  '/nacos/v3/admin/core/state/liveness': '/nacos/v1/console/health/liveness',
  '/nacos/v3/admin/core/state/readiness': '/nacos/v1/console/health/readiness',
  '/nacos/v3/admin/core/cluster/node/list': '/nacos/v1/core/cluster/nodes',
  '/nacos/v3/admin/ns/ops/metrics': '/nacos/v1/ns/operator/metrics',
  '/nacos/v3/auth/user/login': '/nacos/v1/auth/login',
  '/nacos/v3/admin/cs/config': '/nacos/v1/cs/configs',
  '/nacos/v3/client/cs/config': '/nacos/v1/cs/configs',
  '/nacos/v3/client/ns/instance': '/nacos/v1/ns/instance',
  '/nacos/v3/client/ns/instance/list': '/nacos/v1/ns/instance/list',
}

export class FakeNacos {
  /** Everything published or registered that is still there. */
  readonly kept = new Map<string, string>()
  /** Who was made leader of a group, as `ip:raftport`. */
  readonly leaders = new Map<string, string>()
  /** Every request as `n1 GET /nacos/v1/…`. */
  readonly requests: string[] = []

  private readonly nodes: readonly Node[]
  private readonly faults: Faults

  constructor(nodes: readonly Node[], faults: Faults) {
    this.nodes = nodes
    this.faults = faults
  }

  scope(): NodeScope {
    const reach = ({ name }: { readonly name: string }): void => {
      if (this.faults.cut?.includes(name))
        throw unreachable({ where: name, what: 'no route to host', remedy: 'see to the host' })
    }
    return {
      hosts: this.nodes,
      ask: async (node, questions) => {
        reach(node)
        if (questions.length === 0) throw new Error('nothing was asked')
        return canned(this.faults.on?.[node.name] ?? {})
      },
      http: async (node, request) => {
        reach(node)
        return this.#http(node.name, request)
      },
      database: async () => {
        throw new Error('a gate has no business in the database')
      },
    }
  }

  #http(through: string, request: HttpRequest): HttpResponse {
    const node = this.nodes.find((one) => memberOfNode(one) === `${request.host}:${request.port}`)
    if (!node || node.name !== through || this.faults.down?.includes(through))
      throw hostError({
        where: through,
        what: `nothing listens on ${request.host}:${request.port}`,
        remedy: 'start it',
      })
    const { pathname, searchParams } = new URL(request.path, 'http://node')
    // The admin API of 3.x lets nobody in without a token, whether auth is on for clients or not.
    const open = !/^\/nacos\/v3\/admin\/(?!core\/state\/)/.test(pathname) || isAdmin(request)
    if (!open) return { status: 403, headers: {}, body: '{"code":403,"message":"user not found!"}' }
    const line = `${request.method ?? 'GET'} ${older[pathname] ?? pathname}`
    this.requests.push(`${through} ${line}`)
    const { status, body = '' } =
      this.faults.fault?.(through, line) ??
      this.#answer(node, line, { ...Object.fromEntries(searchParams), ...request.form }, request)
    return { status, headers: {}, body }
  }

  #answer(
    node: Node,
    line: string,
    form: Readonly<Record<string, string>>,
    request: HttpRequest,
  ): { readonly status: number; readonly body?: string } {
    const { auth, mode, version } = node.params.nacos
    // Standalone servers share nothing.
    const place = mode === 'standalone' ? `${node.name} ` : ''
    const may = !auth.enabled || isAdmin(request)
    const config = `${place}config ${form.group ?? form.groupName} ${form.dataId}`
    const service = `${place}service ${form.serviceName}`
    switch (line) {
      case 'GET /nacos/v1/console/health/liveness':
      case 'GET /nacos/v1/console/health/readiness':
        return { status: 200, body: 'OK' }
      case 'GET /nacos/v1/ns/operator/metrics':
        return { status: 200, body: '{"status":"UP"}' }
      case 'GET /nacos/v1/core/cluster/nodes':
        return { status: 200, body: JSON.stringify({ code: 200, data: this.#membersAt(node) }) }
      case 'POST /nacos/v1/auth/login':
        return form.username === 'nacos' && form.password === auth.admin_password?.reveal()
          ? { status: 200, body: '{"accessToken":"a-token"}' }
          : { status: 403, body: 'unknown user!' }
    }
    if (!may) return { status: 403, body: 'user not found!' }
    switch (line) {
      case 'POST /nacos/v1/core/ops/raft': {
        const { groupId, value } = JSON.parse(request.json ?? '{}') as { groupId: string; value: string }
        this.leaders.set(groupId, value)
        return { status: 200, body: '{"code":200,"message":null,"data":null}' }
      }
      case 'GET /nacos/v2/core/loader/current':
        return { status: 200, body: '{}' }
      case 'POST /nacos/v1/cs/configs':
        this.kept.set(config, form.content ?? '')
        return { status: 200, body: 'true' }
      case 'GET /nacos/v1/cs/configs': {
        const content = this.kept.get(config)
        if (content === undefined) return { status: 404, body: 'config data not exist' }
        return { status: 200, body: version.major < 3 ? content : JSON.stringify({ code: 0, data: { content } }) }
      }
      case 'DELETE /nacos/v1/cs/configs':
        this.kept.delete(config)
        return { status: 200, body: 'true' }
      case 'POST /nacos/v1/ns/instance':
        this.kept.set(service, JSON.stringify({ ip: form.ip, port: Number(form.port) }))
        return { status: 200, body: 'ok' }
      case 'GET /nacos/v1/ns/instance/list': {
        const found = this.kept.get(service)
        return { status: 200, body: `{"hosts":[${found ?? ''}]}` }
      }
      case 'DELETE /nacos/v1/ns/instance':
        this.kept.delete(service)
        return { status: 200, body: 'ok' }
    }
    return { status: 404, body: `No endpoint ${line}` }
  }

  /** All members as this one would list them. */
  #membersAt(node: Node): readonly unknown[] {
    const {
      states = {},
      strays = [],
      ignorantOf = [],
      groups,
      leader,
      strayPeers = [],
      lacks = [],
    } = this.faults.sees?.[node.name] ?? {}
    const { version, mode } = node.params.nacos
    const cluster = mode === 'standalone' ? [node] : this.nodes
    const up = cluster.find(({ name }) => !this.faults.down?.includes(name))
    const state = {
      leader: leader ?? (up ? raftPeerOf(memberOfNode(up)) : ''),
      raftGroupMember: [
        ...cluster
          .map(memberOfNode)
          .filter((member) => !lacks.includes(member))
          .map(raftPeerOf),
        ...strayPeers,
      ],
      term: 3,
    }
    const told = groups === undefined ? groupsExpected(version, mode) : groups
    // A new leader is heard of by all.
    const names = told && [...new Set([...told, ...this.leaders.keys()])]
    const metaDataMap = Object.fromEntries(
      (names ?? []).map((name) => [name, { ...state, leader: this.leaders.get(name) ?? state.leader }]),
    )
    const known = [...cluster.map(memberOfNode), ...strays].filter((address) => !ignorantOf.includes(address))
    return known.map((address) => ({
      address,
      state: states[address] ?? 'UP',
      extendInfo: {
        version: version.text,
        raftPort: raftPeerOf(address).split(':')[1],
        ...(names === null && address === memberOfNode(node) ? {} : { raftMetaData: { metaDataMap } }),
      },
    }))
  }
}

const isAdmin = ({ headers = {} }: HttpRequest): boolean => headers.Authorization === 'Bearer a-token'
