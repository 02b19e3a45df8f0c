/** What a lab keeps for good: its login key, the key of each host, and the secrets of its inventory. Each is made once. */
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostLayout, type Layout } from './layout.ts'
import { $ } from './shell.ts'

const word = (length: number): string => Array.from({ length }, () => String.fromCharCode(97 + randomInt(26))).join('')

/** File under `secrets/`, and how its value is made. No value needs quoting in a shell, in SQL or in a properties file. */
const secrets: Readonly<Record<string, () => string>> = {
  token_secret: () => randomBytes(48).toString('base64'),
  identity_key: () => word(12),
  identity_value: () => randomBytes(24).toString('hex'),
  db_password: () => randomBytes(18).toString('hex'),
  mysql_admin_password: () => randomBytes(18).toString('hex'),
  admin_password: () => randomBytes(12).toString('hex'),
}

/** Makes what is missing of a lab's login key and secrets, and the key of each of these hosts; pins the hosts' keys. */
export async function ensureKeys(lab: Layout, hosts: readonly string[]): Promise<void> {
  mkdirSync(join(lab.folder, 'secrets'), { recursive: true, mode: 0o700 })
  await ensureKey(join(lab.folder, 'id_ed25519'), `plinth lab ${lab.name}`)
  for (const [name, make] of Object.entries(secrets)) {
    const path = join(lab.folder, 'secrets', name)
    if (!existsSync(path)) writeWhole(path, make())
  }
  const known = new Map(readLines(join(lab.folder, 'known_hosts')).map((line) => [line.split(' ')[0] ?? '', line]))
  for (const name of hosts) {
    const { folder, address } = hostLayout(lab, name)
    mkdirSync(folder, { recursive: true })
    await ensureKey(join(folder, 'ssh_host_ed25519_key'), name)
    const [type, key] = readFileSync(join(folder, 'ssh_host_ed25519_key.pub'), 'utf8').split(' ')
    known.set(address, `${address} ${type} ${key}`)
  }
  writeWhole(join(lab.folder, 'known_hosts'), `${[...known.values()].join('\n')}\n`)
}

async function ensureKey(path: string, comment: string): Promise<void> {
  if (existsSync(path) && existsSync(`${path}.pub`)) return
  await $`rm -f ${path} ${path}.pub`
  await $`ssh-keygen -q -t ed25519 -N ${''} -C ${comment} -f ${path}`
}

const readLines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

/** A run that is killed here leaves the old file or the new one, never half of one. */
function writeWhole(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
