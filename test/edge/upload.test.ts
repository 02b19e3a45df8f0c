/** Archives on their way to a host: cut and continued, damaged and sent anew, many at a time. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Channel } from '../../lib/core/channel.ts'
import type { Step } from '../../lib/core/resource.ts'
import { archiveFolder, release } from '../../lib/resources/release.ts'
import { assert, suite } from '../kit.ts'
import { eventually, only, sha, step } from './channels.ts'
import { cleanUp, ended, folder, kinds, start } from './local-shell.ts'
import { openTo, withSshd } from './sshd.ts'

const test = suite('edge/upload')
test.after(cleanUp)

const bytes = randomBytes(6_000_000)
const archive = { name: 'app.tar.gz', path: join(folder, 'app.tar.gz'), bytes: bytes.length, sha256: sha(bytes) }
writeFileSync(archive.path, bytes)

/** A host's folder of archives, and the step that sends one there. */
function fresh(wanted = archive) {
  const cache = mkdtempSync(join(folder, 'cache-'))
  const [step] = release('/opt/app', { archive: wanted, owner: 'root', group: 'root' }).plan(() => '', new Set()).steps
  const here = (text: string): string => text.replaceAll(archiveFolder, cache)
  const { have, ...upload } = step!.upload!
  const send: Step = { ...step!, run: here(step!.run), upload: { ...upload, have: here(have!) } }
  return { cache, send, whole: join(cache, wanted.sha256), part: join(cache, `${wanted.sha256}.part`) }
}

/** Does one step; `told` is what was heard of its bytes. */
async function act(channel: Channel, one: Step, hear: (sent: number) => void = () => {}) {
  const told: number[] = []
  for await (const done of channel.act([one], (sent) => {
    told.push(sent)
    hear(sent)
  }))
    return { ...done, told }
  throw new Error('it said nothing')
}

for (const kind of kinds) {
  test(`${kind}: a cut upload is continued where it stopped, at no extra round trip, and is right`, async () => {
    const { cache, send, whole, part } = fresh()
    const first = start(kind)
    const cut = await act(first.channel, send, (sent) => sent >= 4_000_000 && first.shell.lose('cut'))
    assert.is(cut.code, null)
    await eventually(() => ended(first.child))
    const there = statSync(part).size
    assert.ok(there > 0 && there < bytes.length, `${there} bytes are there`)
    assert.not(existsSync(whole))
    const { channel, shell } = start(kind)
    const done = await act(channel, send)
    assert.equal([done.code, done.stderr, done.told[0], done.told.at(-1)], [0, '', there, bytes.length])
    assert.is(sha(readFileSync(whole)), archive.sha256)
    assert.is(statSync(whole).mode & 0o777, 0o600)
    assert.equal(readdirSync(cache), [archive.sha256])
    await shell.close()
  })

  test(`${kind}: what is there is never trusted: whatever an earlier run left`, async () => {
    const { channel, shell } = start(kind)
    const spoilt = Buffer.from(bytes.subarray(0, 2_000_000))
    spoilt[1_000_000]! ^= 1
    const left: readonly [name: string, left: Buffer, told: readonly number[]][] = [
      ['one bit is wrong: thrown away, sent anew', spoilt, [2_000_000, 0]],
      ['of the right length and wrong: thrown away, sent anew', Buffer.alloc(bytes.length), [0]],
      ['longer than the whole: thrown away', Buffer.alloc(bytes.length + 1), [0]],
      ['all but the name: nothing is sent', bytes, []],
      ['nothing', Buffer.alloc(0), [0]],
    ]
    for (const [name, content, told] of left) {
      const { cache, send, whole, part } = fresh()
      writeFileSync(part, content)
      const done = await act(channel, send)
      assert.is(done.code, 0, `${name}: ${done.stderr}`)
      const starts = done.told.filter((sent, index) => index === 0 || sent < done.told[index - 1]!)
      assert.equal(starts, told, name)
      assert.is(sha(readFileSync(whole)), archive.sha256, name)
      assert.equal(readdirSync(cache), [archive.sha256], name)
    }
    await shell.close()
  })

  test(`${kind}: a file that is not what was declared is sent anew once, not for ever`, async () => {
    const { channel, shell } = start(kind)
    const { cache, send, part } = fresh({ ...archive, sha256: 'a'.repeat(64) })
    writeFileSync(part, bytes.subarray(0, 1_000_000))
    const done = await act(channel, send)
    assert.is(done.code, 1)
    assert.match(done.stderr, /arrived with another SHA-256/)
    assert.equal(
      done.told.filter((sent) => sent === 1_000_000 || sent === 0),
      [1_000_000, 0],
    )
    assert.equal(readdirSync(cache), [])
    await shell.close()
  })
}

test('parts of other archives go after a week, one’s own never does', async () => {
  const { channel, shell } = start('busybox ash')
  const { cache, send, part } = fresh()
  const days = { [`${'a'.repeat(64)}.part`]: 8, [`${'b'.repeat(64)}.part`]: 6, ['c'.repeat(64)]: 99 }
  for (const [name, age] of Object.entries({ ...days, [`${archive.sha256}.part`]: 99 })) {
    writeFileSync(join(cache, name), bytes.subarray(0, 500_000))
    utimesSync(join(cache, name), Date.now() / 1000 - age * 86400, Date.now() / 1000 - age * 86400)
  }
  assert.ok(existsSync(part))
  assert.is((await act(channel, send)).told[0], 500_000)
  assert.equal(readdirSync(cache).sort(), [archive.sha256, `${'b'.repeat(64)}.part`, 'c'.repeat(64)].sort())
  await shell.close()
})

test('where the host cannot say what it has, that is the error, and nothing is sent', async () => {
  const { channel, shell } = start('dash')
  const upload = { ...archive, have: "echo 'the disk is on fire' >&2; exit 7" }
  const done = await act(channel, step('cat; echo never', { upload }))
  assert.equal([done.code, done.stdout, done.stderr, done.told], [7, '', 'the disk is on fire\n', []])
  assert.is((await only(channel, step('echo well'))).stdout, 'well\n')
  await shell.close()
})

test('a host that claims more than there is is not believed', async () => {
  const { channel } = start('dash')
  const done = await act(channel, step('cat >/dev/null', { upload: { ...archive, have: 'echo 6000001' } }))
  assert.is(done.code, null)
  assert.match(done.stderr, /the host has 6000001 bytes of a file of 6000000/)
})

test(
  'many at a time: of each only so much is in memory or on the way as the host takes, and all arrive',
  () =>
    withSshd({}, async (sshd) => {
      const path = join(sshd.folder, 'large')
      const large = randomBytes(16_000_000)
      writeFileSync(path, large)
      const go = join(sshd.folder, 'go')
      const run = `while ! [ -e '${go}' ]; do sleep 0.1; done; sha256sum`
      const upload = { path, bytes: large.length, sha256: sha(large) }
      const channels = await Promise.all(Array.from({ length: 6 }, () => openTo(sshd)))
      const sent = channels.map(() => 0)
      const running = channels.map((channel, index) =>
        act(channel, step(run, { upload }), (bytes) => {
          sent[index] = bytes
        }),
      )
      // What SSH's window lets through at once, and then nothing any more.
      let before = 0
      const sum = (): number => sent.reduce((total, one) => total + one, 0)
      while (sum() === 0 || sum() !== before) {
        before = sum()
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      for (const one of sent) assert.ok(one <= 4_500_000, `${one} bytes are in memory or on the way`)
      writeFileSync(go, '')
      for (const { stdout } of await Promise.all(running)) assert.is(stdout, `${upload.sha256}  -\n`)
    }),
  { timeout: 60 },
)

test.run()
