/**
 * Inventories and patterns as the real Ansible reads them: the JSON of `ansible-inventory --list`, the tree of `--graph`
 * and the hosts of every pattern are the same, or the difference stands in differences.ts with its reason.
 *
 * ansible/answers.json has Ansible's answers, so that no network is needed. Where ansible-core is at hand (always in CI)
 * they are asked for anew and must be those. `UPDATE_GOLDEN=1` writes them anew.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { PlinthError } from '../../lib/core/error.ts'
import type { Inventory } from '../../lib/core/inventory.ts'
import { inventoryGraph, inventoryList } from '../../lib/core/inventory-view.ts'
import { sha256 } from '../../lib/core/secret.ts'
import { loadInventory } from '../../lib/edge/inventory.ts'
import { VaultKey } from '../../lib/edge/vault.ts'
import { assert, suite } from '../kit.ts'
import { type Answer, ansiblePython, askAnsible, folderOf, release } from './ansible/ansible.ts'
import { handMade, type Sample } from './ansible/corpus.ts'
import { differences } from './ansible/differences.ts'
import { generated } from './ansible/generated.ts'

const test = suite('as Ansible')
const record = join(import.meta.dirname, 'ansible', 'answers.json')
const corpus: readonly Sample[] = [...handMade, ...generated]
const digest = sha256(JSON.stringify(corpus))
const root = mkdtempSync(join(tmpdir(), 'plinth-ansible-'))
const old = process.cwd()
test.after(() => {
  process.chdir(old)
  rmSync(root, { recursive: true })
})

interface Recorded {
  readonly release: string
  /** Of the corpus that was asked about. */
  readonly digest: string
  readonly answers: Readonly<Record<string, Answer>>
}

function write({ name, files }: Sample): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, folderOf(name), path.replace(/\*$/, ''))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    if (path.endsWith('*')) chmodSync(file, 0o755)
  }
}

/** What a user's mistake is, instead of throwing it. */
async function unlessRefused<T>(work: () => T | Promise<T>): Promise<T | PlinthError> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof PlinthError) return thrown
    throw thrown
  }
}

/** The hosts of a pattern as Plinth has them; no host is what Ansible has as an empty list. */
function hostsOf(inventory: Inventory, pattern: string): readonly string[] | 'error' {
  try {
    const names = inventory.select(pattern, '--limit').map(({ name }) => name)
    return pattern.includes('@') ? names.sort() : names
  } catch (thrown) {
    if (!(thrown instanceof PlinthError)) throw thrown
    return thrown.message.includes('leaves no host') ? [] : 'error'
  }
}

interface Found {
  /** Both answers. */
  readonly text: string
  /** Whether Plinth refuses what Ansible does not. */
  readonly refused: boolean
}

/** Where the two differ, by id. */
async function compare(sample: Sample, answer: Answer): Promise<ReadonlyMap<string, Found>> {
  process.chdir(join(root, folderOf(sample.name)))
  const found = new Map<string, Found>()
  const differ = (id: string, ansible: unknown, ours: unknown, refused = ours === 'error'): void => {
    found.set(id, { text: `\n  Ansible: ${JSON.stringify(ansible)}\n  Plinth:  ${JSON.stringify(ours)}`, refused })
  }
  const options = { user: 'ops', env: {}, vaultKeys: [new VaultKey('correct horse')] }
  const inventory = await unlessRefused(() => loadInventory(sample.sources, options))
  if (inventory instanceof PlinthError || 'error' in answer) {
    const refused = inventory instanceof PlinthError
    const ours = refused ? inventory.message : inventoryList(inventory, { secrets: true })
    if (!(refused && 'error' in answer)) differ(sample.name, answer, ours, refused)
    return found
  }
  const list = inventoryList(inventory, { secrets: true })
  const graph = inventoryGraph(inventory).join('\n')
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(list)), answer.list)) differ(sample.name, answer.list, list)
  else if (graph !== answer.graph) differ(sample.name, answer.graph, graph)
  for (const pattern of sample.patterns) {
    const ours = hostsOf(inventory, pattern)
    const theirs = answer.hosts[pattern]
    // That nothing fits a wildcard is only said by Ansible; a name that is not there is an error here.
    const hosts = typeof theirs === 'object' && 'hosts' in theirs ? theirs.hosts : theirs
    if (!isDeepStrictEqual(ours, hosts)) differ(`${sample.name}: ${pattern}`, theirs, ours)
  }
  return found
}

/** One line for each sample, so that a change shows what it changes. */
const recordOf = (answers: Readonly<Record<string, Answer>>): string =>
  `{"release": "${release}", "digest": "${digest}", "answers": {\n${Object.entries(answers)
    .map((entry) => entry.map((part) => JSON.stringify(part)).join(': '))
    .join(',\n')}\n}}\n`

test('the corpus is large enough, and no name is there twice', () => {
  const count = corpus.reduce((sum, { patterns }) => sum + patterns.length, 0)
  assert.ok(corpus.length >= 60 && count >= 200, `${corpus.length} inventories, ${count} patterns`)
  assert.is(new Set(corpus.map(({ name }) => folderOf(name))).size, corpus.length)
})

test(
  'every difference is listed with its reason, and every one that is listed is there',
  async () => {
    for (const sample of corpus) write(sample)
    const ansible = ansiblePython(process.env.PLINTH_NETWORK === '1')
    const update = process.env.UPDATE_GOLDEN === '1'
    if ('why' in ansible && update) assert.unreachable(`no ansible-core: ${ansible.why}`)
    const asked = 'python' in ansible ? askAnsible(ansible.python, root, corpus) : null
    if (update && asked) writeFileSync(record, recordOf(asked))
    const recorded = JSON.parse(readFileSync(record, 'utf8')) as Recorded
    assert.is(recorded.release, release)
    assert.is(recorded.digest, digest, 'the corpus has changed since answers.json: run with UPDATE_GOLDEN=1')
    if (asked) assert.equal(asked, recorded.answers, 'answers.json is not what ansible-core says')
    console.log(
      'python' in ansible
        ? `note: compared with ansible-core ${release} itself`
        : `note: compared with the recorded answers of ansible-core ${release} (${ansible.why})`,
    )
    const found = new Map<string, Found>()
    for (const sample of corpus)
      for (const [id, difference] of await compare(sample, recorded.answers[sample.name]!)) found.set(id, difference)
    const listed = new Map(differences.flatMap(({ in: ids, refused }) => ids.map((id) => [id, refused] as const)))
    const unlisted = [...found].filter(([id]) => !listed.has(id)).map(([id, { text }]) => `${id}${text}`)
    assert.is(unlisted.join('\n'), '', 'differences that are not listed')
    const gone = [...listed].filter(([id, refused]) => found.get(id)?.refused !== refused).map(([id]) => id)
    assert.equal(gone, [], 'listed, and no difference any more, or another one')
  },
  { timeout: 150 },
)

test.run()
