import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpRequest, MachineChannel } from '../../lib/core/channel.ts'
import { request } from '../../lib/edge/http.ts'
import { partsUsed } from '../../lib/edge/parts-used.ts'
import { FarError } from '../../lib/edge/tunnel.ts'
import { assert, suite } from '../kit.ts'
import { freePort, openTo, type Sshd, startSshd } from './sshd.ts'

const test = suite('edge/http')
const held: ServerResponse[] = []
let server: Server
let port = 0
let sshd: Sshd
let real: MachineChannel

/** A channel whose tunnels are plain connections from here; every one it opened is remembered. */
const opened: net.Socket[] = []
const local: Pick<MachineChannel, 'tunnel'> = {
  tunnel: (host, to) =>
    new Promise<Duplex>((resolve, reject) => {
      const socket = net.connect(to, host, () => resolve(socket))
      socket.once('error', reject)
      opened.push(socket)
    }),
}

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { pathname } = new URL(incoming.url ?? '', 'http://x')
  if (pathname === '/echo') {
    const { method, url, headers } = incoming
    response.setHeader('x-two', ['a', 'b'])
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  } else if (pathname === '/moved') response.writeHead(302, { location: '/echo' }).end()
  else if (pathname === '/hang') held.push(response)
  else if (pathname === '/half') {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half')
    held.push(response)
  } else if (pathname === '/cut') {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => response.destroy())
  } else if (pathname === '/big') {
    response.end(Buffer.alloc(9 * 1024 * 1024, 'x'))
  } else if (pathname === '/chunks') {
    const bytes = Buffer.from('ä漢🙂'.repeat(1000))
    for (let at = 0; at < bytes.length; at += 1001) response.write(bytes.subarray(at, at + 1001))
    response.end()
  } else response.writeHead(404).end('no')
}

test.before(async () => {
  server = createServer((incoming, response) => void answer(incoming, response)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  port = (server.address() as net.AddressInfo).port
  sshd = await startSshd()
  real = await openTo(sshd)
})
test.after(async () => {
  await sshd.stop()
  server.closeAllConnections()
  server.close()
})

const ask = (path: string, more: Partial<HttpRequest> = {}, channel: Pick<MachineChannel, 'tunnel'> = local) =>
  request(channel, { host: '127.0.0.1', port, path, ...more })

async function failure(promise: Promise<unknown>): Promise<FarError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof FarError) return error
    throw error
  }
  throw new Error('it did not fail')
}

test('that a run has used this part is noted', async () => {
  partsUsed.clear()
  await ask('/')
  assert.equal([...partsUsed], ['http'])
})

for (const way of ['plain', 'ssh'] as const) {
  const channel = (): Pick<MachineChannel, 'tunnel'> => (way === 'ssh' ? real : local)

  test(`${way}: method, query, headers and form arrive, status, headers and body come back`, async () => {
    const form = { dataId: 'a b&c', content: 'ä=漢\n' }
    const { status, headers, body } = await ask(
      '/echo',
      { query: { q: 'ü &' }, form, headers: { 'x-own': '1' } },
      channel(),
    )
    const seen = JSON.parse(body)
    assert.equal([status, headers['x-two'], seen.method], [200, 'a, b', 'POST'])
    assert.is(seen.url, '/echo?q=%C3%BC+%26')
    assert.is(seen.body, new URLSearchParams(form).toString())
    assert.is(seen.headers['x-own'], '1')
    assert.is(seen.headers.host, `127.0.0.1:${port}`)
    assert.match(seen.headers['content-type'], /^application\/x-www-form-urlencoded/)
  })

  test(`${way}: a body in JSON`, async () => {
    const seen = JSON.parse((await ask('/echo', { json: '{"a":"漢"}' }, channel())).body)
    assert.equal([seen.method, seen.body, seen.headers['content-type']], ['POST', '{"a":"漢"}', 'application/json'])
  })

  test(`${way}: a plain GET, another method, a 404, a redirect that is not followed`, async () => {
    assert.is(JSON.parse((await ask('/echo', {}, channel())).body).method, 'GET')
    assert.is(JSON.parse((await ask('/echo', { method: 'DELETE' }, channel())).body).method, 'DELETE')
    assert.equal((await ask('/none', {}, channel())).status, 404)
    const moved = await ask('/moved', {}, channel())
    assert.equal([moved.status, moved.headers.location], [302, '/echo'])
  })

  test(`${way}: characters cut by chunks`, async () => {
    assert.is((await ask('/chunks', {}, channel())).body, 'ä漢🙂'.repeat(1000))
  })

  test(`${way}: many at a time`, async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/echo', {}, channel())))
    assert.ok(answers.every(({ status }) => status === 200))
  })

  test(`${way}: each failure by its kind`, async () => {
    const cases: readonly [path: string, kind: string, more?: Partial<HttpRequest>][] = [
      ['/hang', 'timeout', { timeoutSeconds: 0.2 }],
      ['/half', 'timeout', { timeoutSeconds: 0.2 }],
      ['/cut', 'lost'],
      ['/big', 'invalid'],
      ['/', 'invalid', { port: sshd.port }],
    ]
    for (const [path, kind, more] of cases) {
      const error = await failure(ask(path, { query: { token: 'hush' }, ...more }, channel()))
      assert.is(error.kind, kind, error.message)
      assert.match(error.message, /^http:\/\/127\.0\.0\.1:\d+\//)
      assert.not.match(error.message, /hush/)
    }
  })
}

test('nothing listens: refused', async () => {
  assert.is((await failure(ask('/', { port: await freePort() }, real))).kind, 'refused')
})

test('no tunnel is left open, not even one that comes after the time is up', async () => {
  let late: ((stream: Duplex) => void) | undefined
  const slow = {
    tunnel: () =>
      new Promise<Duplex>((resolve) => {
        late = resolve
      }),
  }
  assert.is((await failure(ask('/', { timeoutSeconds: 0.05 }, slow))).kind, 'timeout')
  late?.(await local.tunnel('127.0.0.1', port))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(opened.every((socket) => socket.destroyed))
})

test('the connection to the machine is lost in the middle', async () => {
  const asked = failure(ask('/hang', {}, real))
  const acting = real.act([{ say: 'end', run: 'sleep 0.2; kill -9 $PPID; sleep 1' }])
  for await (const done of acting) assert.is(done.code, null)
  assert.is((await asked).kind, 'lost')
  assert.is((await failure(ask('/echo', {}, real))).kind, 'lost')
})

test.run()
