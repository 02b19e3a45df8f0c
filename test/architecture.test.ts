/** The import rules of docs/design.md section 3, and the house rules that a machine can see. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { assert, suite } from './kit.ts'

const test = suite('architecture')
const root = join(import.meta.dirname, '..')

/** Text by path, relative to the root. */
type Tree = ReadonlyMap<string, string>

const sources = (...folders: readonly string[]): Tree =>
  new Map(
    folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.[jt]s$/.test(name))
        .map((name): [string, string] => [`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')]),
    ),
  )

/** Who may import whom, the first rule that fits counts. A name is a file, or a folder with all that is in it. */
const rules: readonly { readonly in: string; readonly may: readonly string[] }[] = [
  { in: 'lib/core', may: ['lib/core'] },
  { in: 'lib/nacos', may: ['lib/core', 'lib/nacos'] },
  { in: 'lib/mysql', may: ['lib/core', 'lib/mysql'] },
  { in: 'lib/readers.ts', may: ['lib/core'] },
  { in: 'lib/resources', may: ['lib/core', 'lib/readers.ts', 'lib/nacos', 'lib/mysql', 'lib/resources'] },
  { in: 'lib/engine', may: ['lib/core', 'lib/readers.ts', 'lib/engine'] },
  {
    in: 'lib/report',
    may: [
      'lib/core',
      'lib/report',
      'lib/engine/world.ts',
      'lib/engine/report.ts',
      'lib/engine/procedure-report.ts',
      'lib/version.ts',
    ],
  },
  // The edge serves the engine's port (World) and prints its report; it knows nothing else of the engine.
  {
    in: 'lib/edge',
    may: [
      'lib/core',
      'lib/edge',
      'lib/mysql/lock.ts',
      'lib/report',
      'lib/engine/world.ts',
      'lib/engine/report.ts',
      'lib/engine/procedure-report.ts',
      'lib/engine/unselected.ts',
      'lib/version.ts',
    ],
  },
  { in: 'lib/testing.ts', may: ['lib/core', 'lib/engine', 'lib/testing'] },
  // The one way from the testing kit to the world, taken only by who asks for a shell.
  {
    in: 'lib/testing/host-test.ts',
    may: ['lib/core', 'lib/engine', 'lib/readers.ts', 'lib/testing', 'lib/edge/local.ts'],
  },
  { in: 'lib/testing', may: ['lib/core', 'lib/engine', 'lib/testing'] },
  { in: 'lib/version.ts', may: [] },
  { in: 'lib/main.ts', may: ['lib'] },
  { in: 'lib/perform.ts', may: ['lib'] },
  { in: 'lib/each.ts', may: ['lib'] },
  { in: 'lib/launch.ts', may: ['lib'] },
  // The other place that wires: one file for each command of `plinth`.
  { in: 'lib/commands', may: ['lib/core', 'lib/edge', 'lib/engine/report.ts', 'lib/version.ts', 'lib/commands'] },
  // Every process heeds its output, and knows whose it is.
  {
    in: 'lib/command.ts',
    may: ['lib/core', 'lib/commands', 'lib/edge/local-user.ts', 'lib/edge/output.ts', 'lib/version.ts'],
  },
  // What the package offers, by its entry points, and all of it in one file, with what a run has used of that.
  { in: 'lib/index.ts', may: ['lib'] },
  {
    in: 'lib/package.ts',
    may: ['lib/index.ts', 'lib/command.ts', 'lib/testing.ts', 'roles/index.ts', 'lib/edge/parts-used.ts'],
  },
  { in: 'lib/entry', may: ['lib/entry', 'lib/package.ts'] },
  {
    in: 'roles',
    may: [
      'lib/core',
      'lib/readers.ts',
      'lib/resources',
      'lib/nacos',
      'lib/mysql',
      'lib/engine/play.ts',
      'lib/engine/fleet.ts',
      'lib/engine/procedure.ts',
      'roles',
    ],
  },
  // As a user's: everything comes from the package's entry points.
  { in: 'playbooks', may: ['playbooks'] },
  { in: 'test', may: ['lib', 'roles', 'playbooks', 'test'] },
]

const within = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`)

/** Without comments and the insides of templates, and with those of strings gone where `strings` is false. */
function code(text: string, strings = true): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
    (piece) => (/^\/[/*]/.test(piece) ? '' : strings && !piece.startsWith('`') ? piece : "''"),
  )
}

/** What a file imports, relative paths made whole. */
function imports(path: string, text: string): readonly string[] {
  const found = code(text).matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)'([^']+)'/g)
  return [...found].map(([, name = '']) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name))
}

const local = (name: string): boolean => /^(lib|roles|playbooks|test)\//.test(name)

function forbidden(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, text]) => {
    const may = rules.find((rule) => within(path, rule.in))?.may ?? []
    return imports(path, text)
      .filter((name) => local(name) && !may.some((place) => within(name, place)))
      .map((name) => `${path} imports ${name}`)
  })
}

/** Files, sockets, processes and drivers are the edge's; everything else is pure. */
const worldly = /^(node:(fs|child_process|http|https|tls|dgram|dns|worker_threads)(\/|$)|ssh2$|node-ssh$|mysql2(\/|$))/
const mayTouchTheWorld = /^(lib\/edge\/|lib\/entry\/|playbooks\/|test\/)/

const impure = (tree: Tree): readonly string[] =>
  [...tree].flatMap(([path, text]) =>
    mayTouchTheWorld.test(path)
      ? []
      : imports(path, text)
          .filter((name) => worldly.test(name))
          .map((name) => `${path} imports ${name}`),
  )

/** A cycle as text, from the same file whichever it was entered by. */
function around(files: readonly string[]): string {
  const first = files.indexOf([...files].sort()[0] ?? '')
  return [...files.slice(first), ...files.slice(0, first + 1)].join(' → ')
}

function cycles(tree: Tree): readonly string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push(around(way.slice(way.indexOf(path))))
    else if (!done.has(path)) {
      for (const next of imports(path, tree.get(path) ?? '')) if (tree.has(next)) visit(next, [...way, path])
      done.add(path)
    }
  }
  for (const path of tree.keys()) visit(path, [])
  return found
}

const badNames = (tree: Tree): readonly string[] =>
  [...tree.keys()].filter((path) => /(^|[-/.])(utils?|helpers?|managers?|common|misc)([-/.]|$)/i.test(path))

const anyTypes = (tree: Tree): readonly string[] =>
  [...tree]
    .filter(
      ([, text]) =>
        /(:|<|,|\||&|\bas|=>|\bextends)\s*any\b|\bany\[\]|@ts-(ignore|nocheck)/.test(code(text, false)) ||
        /@ts-(ignore|nocheck)/.test(text),
    )
    .map(([path]) => path)

/** An answer about a path grows: one function takes it apart, and who wants its words has the parse. */
const rawStats = (tree: Tree): readonly string[] =>
  [...tree]
    .filter(([path]) => path !== 'lib/resources/path.ts')
    .filter(([, text]) =>
      /\w\(\s*pathQuestion\(|\breaders\.stat\b|\bstat\b[^{}]*\}\s*(=\s*readers\b|from\s*'[^']*\breaders\.ts')/.test(
        code(text),
      ),
    )
    .map(([path]) => path)

/** Node's own `recursive` waits for ever on some file systems: makeFolder of lib/edge/folder.ts does not. */
const endless = (tree: Tree): readonly string[] =>
  [...tree]
    .filter(([, text]) => /\bmkdir(Sync)?\((?:[^()]|\([^()]*\))*\brecursive\b/.test(code(text)))
    .map(([path]) => path)

const limit = 350
const tooLong = (tree: Tree): readonly string[] =>
  [...tree]
    .filter(([path]) => !within(path, 'test'))
    .map(([path, text]) => [path, text.trimEnd().split('\n').length] as const)
    .filter(([, lines]) => lines > limit)
    .map(([path, lines]) => `${path} has ${lines} lines`)

const product = sources('lib', 'roles', 'playbooks')
const everything = new Map([...product, ...sources('test')])

const checks: Readonly<Record<string, readonly [check: (tree: Tree) => readonly string[], tree: Tree]>> = {
  'imports go one way only': [forbidden, everything],
  'only the edge touches the world': [impure, product],
  'no import cycles': [cycles, product],
  'a file is named after its idea': [badNames, everything],
  'no any, no @ts-ignore': [anyTypes, product],
  'a file is one idea: 350 lines at most': [tooLong, everything],
  'folders are made with makeFolder': [endless, product],
  'what stat says of a path is read with readPath and readStat': [rawStats, new Map([...product, ...sources('bench')])],
}

for (const [name, [check, tree]] of Object.entries(checks)) test(name, () => assert.equal(check(tree), []))

test('the testing kit loads nothing of the edge before it is asked to', () => {
  const text = product.get('lib/testing/host-test.ts')!
  assert.match(text, /await import\('\.\.\/edge\/local\.ts'\)/)
  assert.not.match(text, /^import .*edge/m)
})

test('the whole project is looked at', () => {
  for (const path of ['lib/core/resource.ts', 'lib/main.ts', 'lib/testing.ts', 'roles/nacos.ts', 'playbooks/site.ts']) {
    assert.ok(product.has(path), path)
  }
  assert.ok(imports('lib/main.ts', product.get('lib/main.ts')!).includes('lib/edge/world.ts'))
  assert.ok(imports('lib/edge/world.ts', product.get('lib/edge/world.ts')!).includes('lib/edge/ssh.ts'))
})

/** One broken rule each: the path and text of a file, and what must be said of it. */
const broken: readonly (readonly [check: keyof typeof checks, path: string, text: string, says: string])[] = [
  [
    'imports go one way only',
    'lib/core/x.ts',
    "import { a } from '../readers.ts'",
    'lib/core/x.ts imports lib/readers.ts',
  ],
  [
    'imports go one way only',
    'lib/engine/x.ts',
    "import type { A } from '../resources/file.ts'",
    'lib/engine/x.ts imports lib/resources/file.ts',
  ],
  [
    'imports go one way only',
    'lib/nacos/x.ts',
    "import { a } from '../mysql/readers.ts'",
    'lib/nacos/x.ts imports lib/mysql/readers.ts',
  ],
  [
    'imports go one way only',
    'roles/x.ts',
    "export { a } from '../lib/edge/ssh.ts'",
    'roles/x.ts imports lib/edge/ssh.ts',
  ],
  [
    'imports go one way only',
    'playbooks/x.ts',
    "const a = await import('../lib/edge/ssh.ts')",
    'playbooks/x.ts imports lib/edge/ssh.ts',
  ],
  [
    'imports go one way only',
    'playbooks/x.ts',
    "import { main } from '../lib/main.ts'",
    'playbooks/x.ts imports lib/main.ts',
  ],
  [
    'imports go one way only',
    'lib/edge/x.ts',
    "import { a } from '../engine/converge.ts'",
    'lib/edge/x.ts imports lib/engine/converge.ts',
  ],
  [
    'imports go one way only',
    'lib/commands/x.ts',
    "import { a } from '../engine/converge.ts'",
    'lib/commands/x.ts imports lib/engine/converge.ts',
  ],
  [
    'only the edge touches the world',
    'lib/engine/x.ts',
    "import { readFileSync } from 'node:fs'",
    'lib/engine/x.ts imports node:fs',
  ],
  [
    'only the edge touches the world',
    'roles/x.ts',
    "import mysql from 'mysql2/promise'",
    'roles/x.ts imports mysql2/promise',
  ],
  [
    'no import cycles',
    'lib/core/secret.ts',
    "import './resource.ts'",
    'lib/core/resource.ts → lib/core/secret.ts → lib/core/resource.ts',
  ],
  ['a file is named after its idea', 'lib/core/path-utils.ts', '', 'lib/core/path-utils.ts'],
  ['a file is named after its idea', 'roles/common/x.ts', '', 'roles/common/x.ts'],
  ['no any, no @ts-ignore', 'lib/core/x.ts', 'const a = JSON.parse(b) as any', 'lib/core/x.ts'],
  ['no any, no @ts-ignore', 'lib/core/x.ts', '// @ts-ignore\n', 'lib/core/x.ts'],
  ...['mkdirSync(dirname(path), { recursive: true })', 'await mkdir(path, {\n  mode,\n  recursive: true })'].map(
    (text) => ['folders are made with makeFolder', 'lib/edge/x.ts', text, 'lib/edge/x.ts'] as const,
  ),
  ...[
    "import { hash, stat as statReader } from '../lib/readers.ts'",
    'const { hash, stat } = readers',
    'const question = { reader: readers.stat, key }',
    "const [type] = answers(pathQuestion(path)).split('|')",
  ].map(
    (text) =>
      ['what stat says of a path is read with readPath and readStat', 'roles/x.ts', text, 'roles/x.ts'] as const,
  ),
  ['a file is one idea: 350 lines at most', 'lib/core/x.ts', 'a\n'.repeat(351), 'lib/core/x.ts has 351 lines'],
]

for (const [name, path, text, says] of broken) {
  test(`is seen: ${says}`, () => {
    const [check, tree] = checks[name]!
    assert.ok(
      check(new Map([...tree, [path, text]])).includes(says),
      check(new Map([...tree, [path, text]])).join('\n'),
    )
  })
}

test('words in comments and strings are no code', () => {
  const text = "/** any import('../edge/ssh.ts') */ const a: string = ': any' // as any"
  assert.equal(anyTypes(new Map([['lib/core/x.ts', text]])), [])
  assert.equal(imports('lib/core/x.ts', text), [])
})

test.run()
