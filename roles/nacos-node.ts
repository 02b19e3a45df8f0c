/** What the inventory says of one Nacos node. */
import * as v from 'valibot'
import { PlinthError } from '../lib/core/error.ts'
import {
  controllerPath,
  flag,
  hostPath,
  type Infer,
  ipAddress,
  list,
  oneOf,
  optional,
  params,
  port,
  record,
  secret,
  text,
} from '../lib/core/schema.ts'
import type { Host } from '../lib/engine/play.ts'
import { type Database, defaultJdbcParameters } from '../lib/nacos/jdbc.ts'
import { canonicalAddress, memberOf, raftPeerOf } from '../lib/nacos/members.ts'
import type { SettingsInput } from '../lib/nacos/settings.ts'
import { parseVersion } from '../lib/nacos/version.ts'
import { openText, textOrSecret } from './given-text.ts'
import { digest, javaParams } from './java.ts'

const heapSize = () => text({ like: /\d+[mg]/, expected: 'a size as java writes it, such as 512m or 2g' })

const versionText = () =>
  text({ like: /\s*v?\d+\.\d+\.\d+[\w.-]*\s*/i, expected: 'a version such as 2.5.4, 2.2.0.1 or 3.3.0-BETA' })

/** A Nacos version; anything else is an error at its place in the inventory. */
const version = () =>
  v.pipe(
    versionText(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parseVersion(dataset.value)
      } catch (error) {
        if (!(error instanceof PlinthError)) throw error
        const [problem] = error.problems
        addIssue({ message: `${problem?.what}; ${problem?.remedy}` })
        return NEVER
      }
    }),
  )

export const nacosParams = params({
  version: version(),
  /** Versions that may be deployed all the same, by name: no releases (BETA, ALPHA), or older than what is there. */
  allow: optional(list(versionText()), []),
  /** The distribution: a file of the controller, or a URL it can reach. */
  archive: optional(controllerPath()),
  url: optional(text({ like: /https?:\/\/\S+/, expected: 'an http or https URL' })),
  sha256: digest(),
  home: optional(hostPath(), '/opt/nacos'),
  user: optional(text({ like: /[a-z_][a-z0-9_-]{0,30}/, expected: 'a user name' }), 'nacos'),
  unit: optional(text({ like: /[A-Za-z0-9_.-]+/, expected: 'a unit name without .service' }), 'nacos'),
  /** How the other members reach it. Default: the address of the SSH connection. */
  address: optional(ipAddress()),
  port: optional(port(), 8848),
  /** Of 3.x, where the console has a port of its own. Default: 8080. */
  console_port: optional(port()),
  mode: optional(oneOf('cluster', 'standalone', 'embedded'), 'cluster'),
  heap: optional(params({ xms: heapSize(), xmx: heapSize(), xmn: optional(heapSize()) })),
  java_flags: optional(
    list(
      openText(
        'a secret, and whoever is on the host reads the flags of a process',
        'move this key to a file that is not encrypted, in the clear, or give what Nacos reads itself in nacos.properties, what its driver reads in database.parameters',
      ),
    ),
    [],
  ),
  auth: params({
    enabled: flag(),
    token_secret: optional(secret({ generate: { form: 'base64', bytes: 48 } })),
    identity_key: optional(secret({ generate: { form: 'letters', length: 16 } })),
    identity_value: optional(secret({ generate: { form: 'hex', bytes: 24 } })),
    /** Password of the user `nacos`: set when that user is created, used by the gate. */
    admin_password: optional(secret({ generate: { form: 'password', length: 24 } })),
  }),
  properties: optional(record(textOrSecret()), {}),
})

export const databaseParams = params({
  host: text({ like: /[A-Za-z0-9_.:-]+/, expected: 'an address or a host name' }),
  port: optional(port(), 3306),
  name: text({ like: /[A-Za-z0-9_$-]{1,64}/, expected: 'a database name' }),
  user: text({ like: /[A-Za-z0-9_.-]{1,32}/, expected: 'a user name of at most 32 letters, digits, _ . -' }),
  password: secret({ generate: { form: 'password', length: 32 } }),
  parameters: optional(record(textOrSecret()), {}),
})

export const nacosNode = params({ java: javaParams, nacos: nacosParams, database: optional(databaseParams) })
export type NacosNode = Infer<typeof nacosNode>
export type Node = Host<NacosNode>

/** The address the other members know a node by. */
export const addressOf = ({ params: { nacos }, machine }: Node): string =>
  canonicalAddress(nacos.address ?? machine.connection.address)

/** `address:port` of a node, as cluster.conf has it. */
export const memberOfNode = (node: Node): string => memberOf(addressOf(node), node.params.nacos.port)

/** The node behind a Raft peer (`address:raftport`); the peer itself where it is of none of them. */
export const nameOfPeer = (nodes: readonly Node[], peer: string): string =>
  peer === '' ? 'nobody' : (nodes.find((node) => raftPeerOf(memberOfNode(node)) === peer)?.name ?? peer)

/** The database of a node as Nacos will use it; none where it keeps its data itself. */
export function databaseOf({ params: { database } }: Node): Database | undefined {
  return database && { ...database, parameters: { ...defaultJdbcParameters, ...database.parameters } }
}

/** What application.properties of a node is made from. */
export function settingsOf(node: Node): SettingsInput {
  const { nacos } = node.params
  const { enabled, token_secret, identity_key, identity_value } = nacos.auth
  const database = databaseOf(node)
  return {
    version: nacos.version,
    mode: nacos.mode,
    port: nacos.port,
    address: addressOf(node),
    ...(database ? { database } : {}),
    ...(nacos.console_port === undefined ? {} : { console: nacos.console_port }),
    auth: {
      enabled,
      ...(token_secret ? { tokenSecret: token_secret } : {}),
      ...(identity_key ? { identityKey: identity_key } : {}),
      ...(identity_value ? { identityValue: identity_value } : {}),
    },
    extra: nacos.properties,
  }
}
