/** The file of a plan: what is read is what was written, and everything else is refused in one line. */
import { PlinthError } from '../../lib/core/error.ts'
import { readSavedPlan, type SavedPlan, savedPlanText } from '../../lib/core/saved-plan.ts'
import { sha256 } from '../../lib/core/secret.ts'
import { plainFacts } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/saved-plan')
const digest = '0123456789abcdef'.repeat(2)

const plan: SavedPlan = {
  plinth: '1.2.3',
  made: '2020-01-01T00:00:00.000Z',
  playbook: 'playbooks/site.ts',
  selection: { inventory: ['lab'], limit: null, extraVars: ['@a.yaml', 'b=…'], prune: false },
  hosts: [{ host: 'h1', machine: digest, facts: { ...plainFacts, addresses: [...plainFacts.addresses] } }],
  plays: [
    {
      play: 'p',
      how: '{}',
      hosts: [
        {
          host: 'h1',
          items: [
            {
              id: 'file:/a',
              action: 'update',
              changes: [{ key: 'mode', from: '0600', to: '0644' }],
              steps: [{ say: 'set owner and mode of /a', digest }],
              declared: digest,
              found: { mode: digest },
            },
          ],
          kept: { 'file:/b': digest },
        },
      ],
    },
  ],
}
const text = savedPlanText(plan)

/** What is said of a file; `where` is its name, and no host was asked. */
function refusal(content: string, version = '1.2.3'): string {
  try {
    readSavedPlan('p.plan', content, version)
  } catch (error) {
    assert.instance(error, PlinthError)
    const { problems, code } = error as PlinthError
    assert.equal([problems.length, problems[0]?.where, code], [1, 'p.plan', 4])
    return problems[0]?.what ?? ''
  }
  throw new Error('it was read')
}

test('what is read is what was written', () => assert.equal(readSavedPlan('p.plan', text, '1.2.3'), plan))

test('every cut is noticed', () => {
  for (let at = 0; at < text.length - 1; at += 7)
    assert.is(refusal(text.slice(0, at)), 'no plan, or one that is cut or damaged', `${at} characters`)
})

test('every letter and number that is edited is noticed', () => {
  let edits = 0
  for (const { index } of text.matchAll(/[a-z0-9](?=[a-z0-9.:/-]*")/gi)) {
    const edited = `${text.slice(0, index)}${text[index] === 'x' ? 'y' : 'x'}${text.slice(index + 1)}`
    assert.match(refusal(edited), /^(damaged or edited|no plan of Plinth|a plan of another)/)
    edits++
  }
  assert.ok(edits > 300, String(edits))
})

/** A file of that content, its digest right. */
const forged = (change: (plan: Record<string, unknown>) => object, format: unknown = 1): string => {
  const changed = change(JSON.parse(JSON.stringify(plan)) as Record<string, unknown>)
  return JSON.stringify({ kind: 'plinth plan', format, digest: sha256(JSON.stringify(changed)), ...changed })
}

const refused: Readonly<Record<string, readonly [content: string, says: RegExp]>> = {
  'a newer format': [forged((plan) => plan, 2), /^a plan of another Plinth \(format 2, this one reads 1\)$/],
  'another version': [
    forged((plan) => ({ ...plan, plinth: '1.3.0' })),
    /^made by Plinth 1\.3\.0, and this is 1\.2\.3$/,
  ],
  'another shape': [forged((plan) => ({ ...plan, plays: [{ play: 'p' }] })), /^no plan of Plinth$/],
  'something added': [forged((plan) => ({ ...plan, run: 'rm' })), /^no plan of Plinth$/],
  'another JSON file': ['{"name": "plinth"}', /^no plan of Plinth$/],
  'a list': ['[]', /^no plan of Plinth$/],
  null: ['null', /^no plan of Plinth$/],
  'an empty file': ['', /^no plan, or one that is cut or damaged$/],
  YAML: ['all:\n  hosts:\n', /^no plan, or one that is cut or damaged$/],
}
for (const [name, [content, says]] of Object.entries(refused))
  test(`refused: ${name}`, () => assert.match(refusal(content), says))

test.run()
