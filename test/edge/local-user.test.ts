/** Who runs it, where the system has no user of that number: a container that is run by one. */
import { PlinthError } from '../../lib/core/error.ts'
import { localName, localUser } from '../../lib/edge/local-user.ts'
import { Routes } from '../../lib/edge/route.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/local-user')

/** As the user with this number, with these variables. */
async function as<T>(uid: number, env: Readonly<Record<string, string>>, work: () => T | Promise<T>): Promise<T> {
  const before = { ...process.env }
  for (const name of ['USER', 'LOGNAME', 'HOME']) delete process.env[name]
  Object.assign(process.env, env)
  process.seteuid?.(uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
    Object.assign(process.env, before)
  }
}
const stranger = 61234

if (process.getuid?.() !== 0) test('as another user', () => console.log('SKIPPED without root'))
else {
  test('a user that the system has is who it says, whatever the environment says', async () => {
    const root = await as(0, { USER: 'li', HOME: '/tmp' }, localUser)
    assert.equal([root.name, root.uid], ['root', 0])
    assert.is.not(root.home, '/tmp')
  })

  test('of one that it does not have the environment says it, and a number where it does not', async () => {
    assert.equal(await as(stranger, { USER: 'ci', HOME: '/tmp' }, localUser), {
      name: 'ci',
      home: '/tmp',
      uid: stranger,
    })
    assert.is(await as(stranger, { LOGNAME: 'ci', HOME: '/tmp' }, localName), 'ci')
    assert.is(await as(stranger, { HOME: '/tmp' }, localName), `uid ${stranger}`)
  })

  test('without a home it says what to set', async () => {
    await as(stranger, { USER: 'ci' }, localUser).then(
      () => assert.unreachable('it was not refused'),
      (error: Error) => {
        assert.instance(error, PlinthError)
        assert.is((error as PlinthError).code, 4)
        assert.match(error.message, /^HOME: not set, and the system has no user with the number 61234; set it to/)
      },
    )
  })

  test('a login needs a name: the one that is given, that of the environment, or it is said', async () => {
    const to = (user: string | null, env: Readonly<Record<string, string>>): Promise<string> =>
      as(stranger, env, async () => {
        const own = { address: 'h1', port: null, user, privateKey: null, hostKeys: [], password: null, become: null }
        const { hops } = await new Routes().to('h1', { ...own, machine: 'h1', sshArguments: ['-F', 'none'] })
        return hops[0]!.credentials.user
      })
    assert.is(await to('deploy', { HOME: '/tmp' }), 'deploy')
    assert.is(await to(null, { USER: 'ci', HOME: '/tmp' }), 'ci')
    await to(null, { HOME: '/tmp' }).then(
      () => assert.unreachable('it was not refused'),
      (error: Error) => assert.match(error.message, /^h1: nobody is named to log in as, .*; name one: ansible_user/),
    )
  })
}

test.run()
