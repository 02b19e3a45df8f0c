/** Nodes of a Nacos cluster as an inventory gives them, and an archive for them: what the tests of roles start from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Distribution } from '../../lib/core/distribution.ts'
import { loadInventory } from '../../lib/edge/inventory.ts'
import { Fleet } from '../../lib/engine/fleet.ts'
import type { Host } from '../../lib/engine/play.ts'
import type { Archives } from '../../roles/distributions.ts'
import { type MysqlHost, mysqlHost } from '../../roles/mysql-schema.ts'
import { type Node, nacosNode } from '../../roles/nacos-node.ts'

const digest = 'ab'.repeat(32)
const token = Buffer.from('a secret of 32 bytes or more than that').toString('base64')

/** Three nodes of 2.2.4 with a database; what a test is about is changed in its text. */
export const good = `all:
  vars:
    ansible_user: root
    database: { host: 10.0.0.10, name: nacos, user: nacos, password: dbpass }
  children:
    mysql:
      hosts: { db1: { ansible_host: 10.0.0.10 } }
      vars: { mysql: { user: admin, password: adminpass } }
    nacos:
      hosts:
        n1: { ansible_host: 10.0.0.1 }
        n2: { ansible_host: 10.0.0.2 }
        n3: { ansible_host: 10.0.0.3 }
      vars:
        java: { version: 8 }
        nacos:
          version: 2.2.4
          archive: /archives/nacos-server-2.2.4.tar.gz
          sha256: ${digest}
          auth:
            enabled: true
            token_secret: ${token}
            identity_key: member
            identity_value: idvalue
            admin_password: adminpw
`

/** A piece of the inventory, and what stands there instead. */
export type Swap = readonly [from: string, to: string]

/** An inventory's text with pieces of it replaced, each of which must be there. */
export function changed(...swaps: readonly Swap[]): string {
  return swaps.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the inventory has no ${from}`)
    return text.replace(from, to)
  }, good)
}

export interface Cluster {
  readonly nodes: readonly Node[]
  readonly databases: readonly Host<MysqlHost>[]
  readonly fleet: Fleet
}

/** The typed hosts of an inventory. Places in messages are `hosts.yaml:LINE:COLUMN`; `env` is what `!env` finds. */
export async function cluster(text = good, env: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-nodes-'))
  const before = process.cwd()
  try {
    process.chdir(folder)
    writeFileSync('hosts.yaml', text)
    const inventory = await loadInventory(['hosts.yaml'], { env })
    const fleet = new Fleet(inventory, async () => distribution)
    return { fleet, nodes: fleet.group('nacos', nacosNode), databases: fleet.group('mysql', mysqlHost) }
  } finally {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  }
}

/** A distribution as it would be opened. */
export const distribution: Distribution = {
  name: 'nacos-server-2.2.4.tar.gz',
  path: '/archives/nacos-server-2.2.4.tar.gz',
  bytes: 100_000_000,
  sha256: digest,
  texts: {
    'conf/application.properties': '# shipped\nserver.port=8848\n',
    'conf/nacos-logback.xml': '<configuration/>\n',
    'conf/mysql-schema.sql':
      'CREATE TABLE `config_info` (`id` bigint(20) NOT NULL, PRIMARY KEY (`id`));\nCREATE TABLE `users` (`username` varchar(50) NOT NULL PRIMARY KEY);\n',
  },
}

export const archives = (java: Readonly<Record<string, Distribution>> = {}): Archives => ({
  nacos: () => distribution,
  java: () => java,
})
