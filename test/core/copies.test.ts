/** Classes that a process has twice, as a playbook has them that imports `plinth` and a role of the sources. */
import * as errors from '../../lib/core/error.ts'
import * as located from '../../lib/core/located.ts'
import * as schema from '../../lib/core/schema.ts'
import * as script from '../../lib/core/script.ts'
import * as secrets from '../../lib/core/secret.ts'
import * as storage from '../../lib/core/storage.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/copies')

/** A second copy of a module; what it imports is the first. */
const copy = async <T>(_: T, name: string): Promise<T> =>
  (await import(new URL(`../../lib/core/${name}.ts?copy`, import.meta.url).href)) as T

const at = { file: 'lab.yaml', line: 1, column: 1 }

test('instances of the one are instances of the other', async () => {
  const other = {
    errors: await copy(errors, 'error'),
    located: await copy(located, 'located'),
    script: await copy(script, 'script'),
    secrets: await copy(secrets, 'secret'),
    storage: await copy(storage, 'storage'),
  }
  assert.is.not(other.secrets.Secret, secrets.Secret, 'a copy of its own')
  const problem = { where: 'a', what: 'b', remedy: 'c' }
  assert.ok(other.errors.usageError(problem) instanceof errors.PlinthError)
  assert.ok(new other.storage.StorageError(problem) instanceof storage.StorageError)
  assert.ok(new other.storage.StorageError(problem) instanceof errors.PlinthError)
  assert.not.ok(other.errors.usageError(problem) instanceof storage.StorageError)
  assert.ok(new other.secrets.Secret('x') instanceof secrets.Secret)
  assert.is(secrets.reveal(new other.secrets.Secret('x')), 'x')
  assert.is(script.sh`echo ${new other.script.Script('$x')}`.text, 'echo $x')
  const scalar = new other.located.LocatedScalar(at, 'app', 'app')
  assert.ok(new other.located.LocatedList(at, [scalar]) instanceof located.LocatedList)
  const map = new other.located.LocatedMap(at, new Map([['user', { at, value: scalar }]]))
  assert.equal(schema.check(schema.params({ user: schema.text() }), map), { ok: true, value: { user: 'app' } })
})

test('others are not, and what extends such a class is itself alone', () => {
  const problem = { where: 'a', what: 'b', remedy: 'c' }
  assert.not.ok(new Error('x') instanceof errors.PlinthError)
  assert.not.ok(errors.hostError(problem) instanceof errors.LockError)
  assert.ok(new errors.LockError(problem) instanceof errors.LockError)
  assert.ok(new errors.LockError(problem) instanceof errors.PlinthError)
  assert.not.ok(new located.LocatedScalar(at, 1, '1') instanceof located.LocatedMap)
})

test.run()
