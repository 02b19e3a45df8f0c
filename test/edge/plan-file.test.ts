/** Plans on disk, and what they say of the options of the run that does them. */
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PlinthError } from '../../lib/core/error.ts'
import { type SavedPlan, savedPlanText } from '../../lib/core/saved-plan.ts'
import { parseArguments } from '../../lib/edge/arguments.ts'
import { mayWritePlan, readPlan, removePlan, writePlan } from '../../lib/edge/plan-file.ts'
import { optionsOfPlan, planAnew, selectionOf } from '../../lib/edge/plan-options.ts'
import { version } from '../../lib/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/plan-file')
const folder = mkdtempSync(join(tmpdir(), 'plinth-plan-'))
test.after(() => rmSync(folder, { recursive: true }))

const made = (line: string): SavedPlan => ({
  plinth: version,
  made: '2020-01-01T00:00:00.000Z',
  playbook: 'playbooks/site.ts',
  selection: selectionOf(parseArguments(words(line))),
  hosts: [],
  plays: [],
})
const words = (line: string): string[] => line.split(' ').filter((word) => word !== '')

/** The problems of something that is refused at the desk. */
function refusal(work: () => unknown): readonly string[] {
  try {
    work()
  } catch (error) {
    assert.instance(error, PlinthError)
    assert.is((error as PlinthError).code, 4)
    return (error as PlinthError).problems.map(({ where, what }) => `${where}: ${what}`)
  }
  return []
}

test('only its owner may read a plan; it replaces an older one, and leaves nothing beside it', () => {
  const path = join(folder, 'site.plan')
  writeFileSync(path, savedPlanText(made('-i older')), { mode: 0o644 })
  assert.equal(writePlan(path, made('-i lab')), [])
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.equal(readPlan(path), made('-i lab'))
  mayWritePlan(path)
  assert.equal(readPlan(path), made('-i lab'))
  assert.equal(readdirSync(folder), ['site.plan'])
})

test('where no plan can be written is said before anything is asked', () => {
  mkdirSync(join(folder, 'taken'))
  const there = join(folder, 'taken')
  assert.equal(
    refusal(() => mayWritePlan(there)),
    [`${there}: a plan can't be written there (EISDIR)`],
  )
  const nowhere = join(folder, 'none', 'site.plan')
  assert.equal(
    refusal(() => mayWritePlan(nowhere)),
    [`${nowhere}: a plan can't be written there (ENOENT)`],
  )
  assert.equal(
    refusal(() => readPlan(nowhere)),
    [`${nowhere}: there is no such file`],
  )
  rmSync(there, { recursive: true })
})

test('what is no plan is neither replaced nor removed', () => {
  const path = join(folder, 'hosts.yaml')
  const says = `${path}: it is there already, and is no plan`
  const refusing = (): void => {
    for (const work of [mayWritePlan, removePlan])
      assert.equal(
        refusal(() => work(path)),
        [says],
      )
    // What came there after it was looked at.
    assert.equal(
      writePlan(path, made('-i lab')).map(({ where, what }) => `${where}: ${what}`),
      [says],
    )
  }
  for (const text of ['all:\n  hosts: {}\n', '\n', '{"kind": "plinth report"}', `# ${'x'.repeat(300)}`]) {
    writeFileSync(path, text)
    refusing()
    assert.is(readFileSync(path, 'utf8'), text)
  }
  // Nothing is lost by these: an empty file, and a plan that another Plinth wrote, that was cut or laid out anew.
  const plan = savedPlanText(made('-i lab'))
  for (const text of [
    '',
    plan,
    plan.slice(0, 100),
    plan.replaceAll('\n', ''),
    plan.replace('"format": 1', '"format": 9'),
  ]) {
    writeFileSync(path, text)
    mayWritePlan(path)
    assert.is(readFileSync(path, 'utf8'), text)
    assert.equal(writePlan(path, made('-i lab')), [])
    removePlan(path)
  }
  assert.equal(readdirSync(folder), ['site.plan'])
})

test('a path that only looks like one of a file is refused at the desk, and no other file is meant', () => {
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  symlinkSync('a/b', join(folder, 'way'))
  symlinkSync('way/../plan', join(folder, 'alias'))
  for (const [name, code] of [
    ['none/', 'ENOENT'],
    ['none/../plan', 'ENOENT'],
    ['site.plan/', 'ENOTDIR'],
    ['way/none/', 'ENOENT'],
  ]) {
    const path = `${folder}/${name}`
    const says = [`${path}: a plan can't be written there (${code})`]
    for (const may of [mayWritePlan, removePlan])
      assert.equal(
        refusal(() => may(path)),
        says,
      )
  }
  // As the system reads it: what is above the folder that the link leads to.
  for (const name of ['way/../plan', 'alias'])
    for (const before of ['nothing', 'an older plan']) {
      const path = `${folder}/${name}`
      mayWritePlan(path)
      assert.equal(writePlan(path, made('-i lab')), [], `${name} over ${before}`)
      assert.equal(readdirSync(join(folder, 'a')).sort(), ['b', 'plan'])
      if (before !== 'nothing') removePlan(path)
    }
  for (const name of ['alias', 'way', 'a']) rmSync(join(folder, name), { recursive: true })
})

test('a pipe or a device is refused and stays what it is', () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const link = join(folder, 'link')
  symlinkSync(pipe, link)
  for (const path of [pipe, link, '/dev/full']) {
    const says = `${path}: a plan can't be written there (EINVAL)`
    assert.equal(
      refusal(() => mayWritePlan(path)),
      [says],
    )
    assert.equal(
      refusal(() => removePlan(path)),
      [says],
    )
  }
  // What came there after it was looked at.
  assert.equal(
    writePlan(link, made('-i lab')).map(({ where, what }) => `${where}: ${what}`),
    [`${link}: the plan could not be written (EINVAL)`],
  )
  assert.ok(statSync(pipe).isFIFO())
  assert.equal(readdirSync(folder).sort(), ['link', 'pipe', 'site.plan'])
  for (const path of [pipe, link]) rmSync(path)
})

test('a link stays one, and the plan is where it points, there before or not', () => {
  mkdirSync(join(folder, 'real'))
  const [link, real] = [join(folder, 'alias'), join(folder, 'real', 'plan')]
  symlinkSync('real/plan', link)
  for (const before of ['nothing', 'an older plan']) {
    mayWritePlan(link)
    assert.equal(writePlan(link, made('-i lab')), [], before)
    assert.ok(lstatSync(link).isSymbolicLink())
    assert.equal(readPlan(real), made('-i lab'))
  }
  removePlan(link)
  assert.equal(readdirSync(join(folder, 'real')), [])
  removePlan(link)
  for (const path of [link, join(folder, 'real')]) rmSync(path, { recursive: true })
})

test('values of variables are not kept, whatever they are', () => {
  const path = join(folder, 'vars.plan')
  writePlan(path, made('-e password=hunter2 -e {"token":"hunter3"} -e @vars.yaml'))
  assert.equal(readPlan(path).selection.extraVars, ['password=…', 'token=…', '@vars.yaml'])
  assert.not.match(readFileSync(path, 'utf8'), /hunter/)
})

interface Case {
  readonly made: string
  readonly given: string
  /** What is refused; nothing, when it may be done. */
  readonly says?: string
}

const cases: readonly Case[] = [
  { made: '-i lab -l h1 --prune -e @a.yaml', given: '' },
  { made: '-i lab -l h1 -e @a.yaml', given: '-i lab -l h1 -e @a.yaml' },
  { made: '-i lab', given: '-i prod', says: 'p: made with -i lab, not with -i prod' },
  { made: '-i lab', given: '-l h1', says: 'p: made without --limit h1' },
  { made: '-i lab -l h1', given: '-l h2', says: 'p: made with --limit h1, not with --limit h2' },
  { made: '-i lab', given: '--prune', says: 'p: made without --prune' },
  { made: '-i lab', given: '-e b=2', says: "p: made without -e 'b=…'" },
  { made: '-e a=1', given: '-e a=2' },
  { made: '-e a=1', given: '-e b=2', says: "p: made with -e 'a=…', not with -e 'b=…'" },
  { made: '-e a=1', given: '', says: "p: made with -e 'a=…', whose values are not in the plan" },
]
for (const { made: then, given, says } of cases) {
  test(`made with "${then}", done with "${given}"`, () => {
    const options = parseArguments([...words(given), '--apply', 'p', '-f', '7'])
    const work = () => optionsOfPlan(options, 'p', made(then), 'playbooks/site.ts')
    assert.equal(refusal(work), says === undefined ? [] : [says])
    if (says !== undefined) return
    const { inventory, limit, prune, forks } = work()
    const before = parseArguments(words(then))
    assert.equal([inventory, limit, prune, forks], [before.inventory, before.limit, before.prune, 7])
  })
}

test('the command that plans anew means the same to a shell', () => {
  const options = parseArguments(['-i', 'my lab', '-l', "web:!w'1", '--prune', '--apply', '$(x) y'])
  assert.is(planAnew(options), `-i 'my lab' --limit 'web:!w'\\''1' --prune --plan-out '$(x) y'`)
})

test('the same playbook by another way', () => {
  for (const path of [resolve('playbooks/site.ts'), join('..', resolve().split('/').at(-1)!, 'playbooks/site.ts')])
    optionsOfPlan(parseArguments([]), 'p', made(''), path)
})

test('another playbook', () => {
  const work = () => optionsOfPlan(parseArguments([]), 'p', made(''), 'playbooks/other.ts')
  assert.equal(refusal(work), ['p: a plan of playbooks/site.ts, and this is playbooks/other.ts'])
})

test.run()
