/** Asking a node over HTTP through the SSH connection of its machine: nothing but sshd need be reachable from here. */
import type { HttpResponse } from '../lib/core/channel.ts'
import { exitCode, PlinthError } from '../lib/core/error.ts'
import { reveal, Secret } from '../lib/core/secret.ts'
import type { Scope } from '../lib/engine/play.ts'
import { api, type Request, readToken } from '../lib/nacos/api.ts'
import { readMembers, type View } from '../lib/nacos/cluster.ts'
import type { Told } from './nacos-members.ts'
import { addressOf, memberOfNode, type NacosNode, type Node } from './nacos-node.ts'

export type NodeScope = Scope<NacosNode>

/** The requests that the version of a node understands, with a token where one is given. */
export const client = (node: Node, token?: Secret) => api(node.params.nacos.version, token)

/** One request to a node, at the address it listens on for the others. Throws when no answer comes within 5 s. */
export async function ask(
  scope: NodeScope,
  node: Node,
  { method, path, headers, form, json }: Request,
): Promise<HttpResponse> {
  return scope.http(node, {
    method,
    host: addressOf(node),
    port: node.params.nacos.port,
    path,
    headers: revealed(headers),
    ...(form ? { form: revealed(form) } : {}),
    ...(json === undefined ? {} : { json }),
    timeoutSeconds: 5,
  })
}

const revealed = (values: Readonly<Record<string, string | Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, reveal(value)]))

/** The server is there, and does not tell what it was asked. */
class NotTold extends PlinthError {}

/** It does not let the user nacos in: no time will change that. */
export class LoginRefused extends NotTold {}

/**
 * What a request came to, or why there was no answer: a node that does not listen is an answer too. A machine that
 * can't be reached is not, nor is a refused login; those errors go on up.
 */
export async function tried<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PlinthError && error.code !== exitCode.unreachable && !(error instanceof LoginRefused))
      return error.problems[0]?.what ?? error.message
    throw error
  }
}

/** What a request came to; undefined where it failed for a reason that somebody was told to go on in spite of (--force). */
export async function evenSo<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PlinthError && error.code !== exitCode.unreachable) return undefined
    throw error
  }
}

/** Whether a node wants a token of whoever writes or looks at its members: 3.x also with auth off, for its admin API keeps its own. */
export const wantsToken = ({ params: { nacos } }: Node): boolean => nacos.auth.enabled || nacos.version.major >= 3

/**
 * A token of the user nacos; none where auth is off and not `needed`, or no password is declared. Throws when the login
 * is refused.
 */
export async function login(scope: NodeScope, node: Node, needed: boolean): Promise<Secret | undefined> {
  const { enabled, admin_password: password } = node.params.nacos.auth
  if ((!enabled && !needed) || !password) return undefined
  const answer = await ask(scope, node, client(node).login('nacos', password))
  const token = readToken(answer.status, answer.body)
  if (token !== undefined) return new Secret(token)
  const what = `the login as nacos was refused (HTTP ${answer.status})`
  // Within a second or so of its start a server may answer 500.
  if (answer.status >= 500) throw new NotTold([{ where: node.name, what, remedy: 'wait for the server' }])
  const remedy =
    answer.status === 404
      ? 'this server has no login: see whether it is a distribution with its console, or turn auth off'
      : 'set nacos.auth.admin_password to the password that is in use'
  throw new LoginRefused([{ where: node.name, what, remedy }])
}

/** All members as this node sees them, or why it does not tell. Throws LoginRefused. */
export const viewOf = (scope: NodeScope, node: Node): Promise<View | string> => tried(() => look(scope, node))

/** All members as this node sees them; or why it does not tell, whatever the reason, with what to do about it. */
export async function toldBy(scope: NodeScope, node: Node): Promise<Told> {
  const asked = { name: node.name, member: memberOfNode(node) }
  try {
    return { ...asked, view: await look(scope, node) }
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    const view = error.problems.map(({ what, remedy }) => `${what}; ${remedy}`).join('; ')
    return { ...asked, view, answered: error instanceof NotTold, unreachable: error.code === exitCode.unreachable }
  }
}

/** What every node tells of all; nodes that don't answer, or can't be reached, tell nothing. */
export async function viewsOf(scope: NodeScope, nodes: readonly Node[]): Promise<readonly View[]> {
  const told = await Promise.all(nodes.map((node) => toldBy(scope, node)))
  return told.flatMap(({ view }) => (typeof view === 'string' || view.members.length === 0 ? [] : [view]))
}

async function look(scope: NodeScope, node: Node): Promise<View> {
  const token = await login(scope, node, wantsToken(node))
  const answer = await ask(scope, node, client(node, token).members())
  if (answer.status !== 200) {
    const what = `its list of members answers HTTP ${answer.status} ${answer.body.trim().slice(0, 120)}`
    throw new NotTold([{ where: node.name, what, remedy: 'read its logs' }])
  }
  return { from: memberOfNode(node), members: readMembers(answer.body) }
}
