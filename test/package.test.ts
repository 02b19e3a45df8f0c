/** The packed package as its user installs it: in an empty folder, with types, a role, a test and a playbook of their own. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { assert, suite } from './kit.ts'
import { newestNode } from './newest-node.ts'

const test = suite('package')
const root = join(import.meta.dirname, '..')
let folder = ''

const files: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "ours", "private": true, "type": "module" }\n',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2023',
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    },
  }),
  'banner.ts': `import { file, type Infer, params, role, text } from 'plinth'

export const bannerParams = params({ says: text() })
export type Banner = Infer<typeof bannerParams>
export const banner = role({
  params: bannerParams,
  resources: ({ says }: Banner) => [file('/etc/issue', { content: says + '\\n' })],
})
`,
  'banner.test.ts': `import { canned, plainFacts } from 'plinth/testing'
import { banner } from './banner.ts'

const plans = banner.resources({ says: 'hello' }, plainFacts).map((one) => one.plan(canned({}), new Set()))
console.log(plans.map(({ action, id }) => action + ' ' + id).join())
`,
  'ours.ts': `import { main, params, play } from 'plinth'
import { java, javaParams } from 'plinth/roles'
import { banner, bannerParams } from './banner.ts'

const ours = params({ banner: bannerParams, java: javaParams })
await main((fleet) => [
  play('ours', fleet.group('ours', ours), ({ params }, facts) => [
    ...banner.resources(params.banner, facts),
    ...java.resources({ ...params.java, opened: {} }, facts),
  ]),
])
`,
  'ours.yaml': `all:
  vars: { banner: { says: hello }, java: { version: 17 } }
  children: { ours: { hosts: { h1: { ansible_host: 127.0.0.1, ansible_port: 9, ansible_user: root } } } }
`,
}

function run(
  command: string,
  args: readonly string[],
  cwd = folder,
  env: NodeJS.ProcessEnv = {},
): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder, npm_config_update_notifier: 'false', ...env },
  })
  return { code: status, out: stdout + stderr }
}

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'plinth-package-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

test(
  'it is packed and installed',
  () => {
    const npm = (...words: readonly string[]) => spawnSync('npm', words, { cwd: root, encoding: 'utf8' })
    const packed = npm('pack', '--silent', '--pack-destination', folder)
    assert.is(packed.status, 0, packed.stderr)
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    const installed = spawnSync(
      'npm',
      ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${archive}`],
      { cwd: folder, encoding: 'utf8' },
    )
    assert.is(installed.status, 0, installed.stderr)
  },
  { timeout: 300 },
)

test('it has neither sources nor the build, and the licences of what is bundled', () => {
  const package_ = join(folder, 'node_modules/plinth')
  assert.equal(readdirSync(package_).sort(), [
    'README.md',
    'README.zh-CN.md',
    'dist',
    'docs',
    'inventory',
    'lib',
    'package.json',
    'playbooks',
  ])
  assert.equal(readdirSync(join(package_, 'lib')), ['entry'])
  assert.not.ok(readdirSync(join(package_, 'lib/entry')).includes('build.js'))
  assert.not.ok(readdirSync(join(package_, 'dist')).some((name) => name.endsWith('.cache')))
  const licences = readFileSync(join(package_, 'dist/LICENSES.txt'), 'utf8')
  for (const name of ['ssh2', 'node-ssh', 'mysql2', 'yaml', 'valibot', 'tar-stream', 'bcryptjs']) {
    assert.match(licences, new RegExp(`^${name} \\d`, 'm'), name)
  }
})

test(
  'plinth new writes a role and a playbook that are theirs from then on',
  () => {
    for (const words of ['role time-server', 'playbook time-servers']) {
      const { code, out } = run('npx', ['plinth', 'new', ...words.split(' ')])
      assert.is(code, 0, out)
    }
    const again = run('npx', ['plinth', 'new', 'role', 'time-server'])
    assert.is(again.code, 4)
    assert.is(again.out.split('\n').filter((line) => line.includes('is there already')).length, 2, again.out)
  },
  { timeout: 120 },
)

test(
  'a playbook, a role and a test of their own are typed',
  () => {
    // What a project in TypeScript has anyhow; npm brings it where a package asks for it.
    for (const name of ['@types/node', 'undici-types']) {
      const there = join(folder, 'node_modules', name)
      mkdirSync(join(there, '..'), { recursive: true })
      if (!existsSync(there)) symlinkSync(join(root, 'node_modules', name), there)
    }
    const tsc = join(root, 'node_modules/.bin/tsc')
    const good = run(tsc, [])
    assert.is(good.code, 0, good.out)
    writeFileSync(join(folder, 'wrong.ts'), "import { file } from 'plinth'\nfile('/etc/x', { contents: 'x' })\n")
    const wrong = run(tsc, [])
    rmSync(join(folder, 'wrong.ts'))
    assert.match(wrong.out, /wrong\.ts\(2,\d+\): error TS\d+: .*'contents' does not exist in type 'FileOptions'/)
  },
  { timeout: 120 },
)

test(
  'the test of the role runs without a host, and the playbook gets as far as the connection',
  () => {
    assert.is(run('npx', ['tsx', 'banner.test.ts']).out.trim(), 'create file:/etc/issue')
    assert.is(run('npx', ['tsx', 'ours.ts', '-i', 'ours.yaml', '--list-hosts']).out, 'h1\n')
    const { code, out } = run('npx', ['tsx', 'ours.ts', '-i', 'ours.yaml', '--check'])
    assert.is(code, 3, out)
    assert.match(out, /h1: unreachable in ours/)
  },
  { timeout: 120 },
)

test(
  'what plinth new wrote passes its tests',
  () => {
    const { code, out } = run('npx', [
      'tsx',
      '--test',
      'test/time-server.test.ts',
      'test/time-servers-playbook.test.ts',
    ])
    assert.is(code, 0, out)
    assert.match(out, /pass 11\n/)
  },
  { timeout: 120 },
)

const found = newestNode(process.env.PLINTH_NETWORK === '1')
if ('why' in found) console.log(`note: ran with Node ${process.versions.node}; with no newer one: ${found.why}`)
else {
  const { node } = found
  const version = run(node, ['--version'], root).out.trim()
  console.log(`note: ran with Node ${process.versions.node}, and with the newest (${version.slice(1)})`)
  for (const [how, ...loader] of [['tsx', '--import', 'tsx'], ['its own types stripped']])
    test(
      `the same with Node ${version}, ${how}`,
      () => {
        const with_ = (...words: readonly string[]) =>
          run(node, [...loader, ...words], folder, { PATH: `${dirname(node)}:${process.env.PATH}` })
        assert.is(with_('banner.test.ts').out.trim(), 'create file:/etc/issue')
        assert.is(with_('ours.ts', '-i', 'ours.yaml', '--list-hosts').out, 'h1\n')
        const { code, out } = with_('ours.ts', '-i', 'ours.yaml', '--check')
        assert.is(code, 3, out)
        const tests = with_('--test', 'test/time-server.test.ts', 'test/time-servers-playbook.test.ts')
        assert.is(tests.code, 0, tests.out)
        // Nothing of ours is on its way out of Node.
        assert.not.match(out + tests.out, /Warning/)
      },
      { timeout: 120 },
    )
}

test(
  'the command and the playbooks that come with it run',
  () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
    assert.is(run('npx', ['plinth', '--version']).out.trim(), version)
    assert.is(run('npx', ['tsx', 'node_modules/plinth/playbooks/site.ts', '--version']).out.trim(), version)
  },
  { timeout: 120 },
)

test.run()
