/** A site is the same from any folder and by any way to its files, and no other. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { siteName } from '../../lib/core/receipt.ts'
import { formerSites, siteOf } from '../../lib/edge/site.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/site')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'plinth-sites-')))
const here = process.cwd()
test.after(() => {
  process.chdir(here)
  rmSync(folder, { recursive: true, force: true })
})

/** A project with a playbook and inventories of several kinds; empty files will do. */
function project(name: string, called = name): string {
  const root = join(folder, name)
  const files = ['playbooks/site.ts', 'inventory/prod.yaml', 'inventory/lab/hosts.yaml', 'teams/a/hosts.yaml']
  for (const path of files.map((file) => join(root, file))) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: called }))
  symlinkSync('prod.yaml', join(root, 'inventory/current.yaml'))
  symlinkSync('site.ts', join(root, 'playbooks/all.ts'))
  return root
}
const one = project('one')
const from = (cwd: string, playbook: string, ...inventories: readonly string[]): string => {
  process.chdir(cwd)
  return siteName(siteOf(playbook, inventories))
}

test('by any way to the same files', () => {
  symlinkSync(one, join(folder, 'link'))
  const prod = from(one, 'playbooks/site.ts', 'prod')
  assert.match(prod, /^site@prod\.[0-9a-f]{8}$/)
  for (const [says, name] of [
    ['the path', from(one, 'playbooks/site.ts', 'inventory/prod.yaml')],
    ['the whole path', from(one, join(one, 'playbooks/site.ts'), join(one, 'inventory/prod.yaml'))],
    ['dots', from(one, './playbooks/../playbooks/site.ts', './inventory/./prod.yaml')],
    ['from a folder of it', from(join(one, 'playbooks'), 'site.ts', '../inventory/prod.yaml')],
    ['from elsewhere', from('/', join(one, 'playbooks/site.ts'), join(one, 'inventory/prod.yaml'))],
    ['by links of the files', from(one, 'playbooks/all.ts', 'current')],
    ['by a link of the whole', from(folder, 'link/playbooks/site.ts', 'link/inventory/prod.yaml')],
    ['a checkout elsewhere', from(project('elsewhere', 'one'), 'playbooks/site.ts', 'prod')],
  ] as const)
    assert.is(name, prod, says)
  const lab = from(one, 'playbooks/site.ts', 'lab')
  assert.is(from(one, 'playbooks/site.ts', 'inventory/lab/'), lab)
  assert.is(from(join(one, 'inventory/lab'), '../../playbooks/site.ts', '.'), lab)
  const hosts = from(one, 'playbooks/site.ts', 'teams/a/hosts.yaml')
  assert.match(hosts, /^site@a\.hosts\./)
  assert.is(from(join(one, 'teams/a'), '../../playbooks/site.ts', 'hosts.yaml'), hosts)
  const two = from(one, 'playbooks/site.ts', 'prod', 'lab')
  assert.is(from(one, 'playbooks/site.ts', 'lab', 'prod'), two)
  assert.is(from(one, 'playbooks/site.ts', 'h1,h2'), from(one, 'playbooks/site.ts', 'h2,h1,'))
})

/** A repository of inventories only. */
function inventories(path: string, ...files: readonly string[]): string {
  const root = join(folder, path)
  mkdirSync(join(root, '.git'), { recursive: true })
  for (const file of files) writeFileSync(join(root, file), '')
  return root
}

test('an inventory outside of the project is known by its own checkout', () => {
  const [alice, bob, other] = [
    inventories('alice/inv', 'prod.yaml', 'lab.yaml'),
    inventories('bob/inv', 'prod.yaml'),
    inventories('alice/other', 'prod.yaml'),
  ]
  const prod = from(one, 'playbooks/site.ts', join(alice, 'prod.yaml'))
  assert.is(from(one, 'playbooks/site.ts', join(bob, 'prod.yaml')), prod, 'a checkout elsewhere')
  assert.is(from(one, 'playbooks/site.ts', bob), from(one, 'playbooks/site.ts', alice), 'the whole of it')
  const names = [
    prod,
    from(one, 'playbooks/site.ts', join(alice, 'lab.yaml')),
    from(one, 'playbooks/site.ts', join(other, 'prod.yaml')),
    from(one, 'playbooks/site.ts', alice),
  ]
  assert.is(new Set(names).size, names.length, names.join('\n'))
})

test('what a site was called before: without a digest, and with one that took endings for nothing and the whole path of what is outside', () => {
  process.chdir(one)
  const outside = join(inventories('carol/inv', 'prod.yaml'), 'prod.yaml')
  const before = siteName({ project: 'one', playbook: 'playbooks/site', inventories: [outside.replace('.yaml', '')] })
  assert.equal(formerSites('playbooks/all.ts', [outside]), ['all@prod', 'site@prod', before])
  assert.equal(formerSites('playbooks/site.ts', []), ['site'], 'never what it is called now')
})

test('other files are another site: of another team, another project, outside of it', () => {
  mkdirSync(join(one, 'teams/b'))
  writeFileSync(join(one, 'teams/b/hosts.yaml'), '')
  const outside = join(folder, 'prod.yaml')
  writeFileSync(outside, '')
  mkdirSync(join(folder, 'bare'))
  writeFileSync(join(folder, 'bare/site.ts'), '')
  const names = [
    from(one, 'playbooks/site.ts'),
    from(one, 'playbooks/site.ts', 'prod'),
    from(one, 'playbooks/site.ts', 'teams/a/hosts.yaml'),
    from(one, 'playbooks/site.ts', 'teams/b/hosts.yaml'),
    from(one, 'playbooks/site.ts', outside),
    from(project('two'), 'playbooks/site.ts', 'prod'),
    from(join(folder, 'bare'), 'site.ts', outside),
  ]
  assert.is(new Set(names).size, names.length, names.join('\n'))
})

test('what can not be looked up has a name all the same: a program without a file, an inventory from a pipe', () => {
  assert.match(from(one, 'gone.ts', '/dev/null'), /^gone@null\.[0-9a-f]{8}$/)
})

test.run()
