/** Every way not to get to a host, each by its name and in bounded time, against real and broken servers. */
import net from 'node:net'
import { mock } from 'node:test'
import { assert, suite } from '../kit.ts'
import { failure } from './channels.ts'
import { freePort, newMachines, type Otherwise, openTo, type Sshd, startSshd, withSshd } from './sshd.ts'

const test = suite('edge/ssh-handshake')
let sshd: Sshd
test.before(async () => {
  sshd = await startSshd()
})
test.after(() => sshd.stop())

/** What a server does with a connection. */
type Serve = (socket: net.Socket) => void

/** Runs something with a server on loopback that is no good; how often it was called comes back. */
async function withServer(serve: Serve, body: (port: number) => Promise<void>): Promise<number> {
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await body((server.address() as net.AddressInfo).port)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return sockets.length
}

/** Passes everything on to the real sshd until it has said so many bytes, and then does something else. */
const upTo =
  (bytes: number, then: (socket: net.Socket) => void): Serve =>
  (socket) => {
    const far = net.connect(sshd.port, '127.0.0.1')
    far.on('error', () => {})
    socket.on('close', () => far.destroy())
    socket.on('data', (chunk) => far.write(chunk))
    let left = bytes
    far.on('data', (chunk: Buffer) => {
      if (left <= 0) return
      socket.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) then(socket)
    })
  }
const cut = (socket: net.Socket): void => {
  socket.destroy()
}
const reset = (socket: net.Socket): void => {
  socket.resetAndDestroy()
}
const silence = (): void => {}

const cases: readonly [name: string, serve: Serve, message: RegExp, tries: number][] = [
  ['says nothing', silence, /the port is open, but no SSH server has answered within 0\.5 s/, 1],
  ['is an HTTP server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /no SSH server: it says "HTTP/, 1],
  ['is cut in its first line', upTo(10, cut), /closed the connection in the middle of its first line/, 1],
  ['is cut after its first line', upTo(60, cut), /the host closed the connection while the keys were exchanged/, 1],
  ['is cut with the keys half sent', upTo(1200, cut), /closed the connection while the keys were exchanged/, 1],
  ['is reset with the keys half sent', upTo(1200, reset), /closed the connection while the keys were exchanged/, 1],
  ['falls silent after its first line', upTo(60, silence), /the exchange of keys took longer than 0\.5 s/, 1],
  ['falls silent during the login', upTo(1700, silence), /the login took longer than 0\.5 s/, 1],
  ['is cut during the login', upTo(1700, cut), /the host closed the connection during the login/, 1],
  ['is reset during the login', upTo(1700, reset), /the host closed the connection during the login/, 1],
  [
    'garbles what it says',
    (socket) => socket.write(`SSH-2.0-Strange\r\n${'x'.repeat(4000)}`),
    /the connection failed: /,
    1,
  ],
]
for (const [name, serve, message, tries] of cases) {
  test(`a server that ${name}`, async () => {
    const called = await withServer(serve, async (port) => {
      const trust = { alias: `[127.0.0.1]:${sshd.port}` }
      const error = await failure(openTo(sshd, { port, trust }, { loginSeconds: 0.5 }))
      assert.is(error.code, 3, error.message)
      assert.match(error.message, message)
      assert.match(error.message, /^h1 \(\S+@127\.0\.0\.1:\d+\): .*; /)
    })
    assert.is(called, tries)
  })
}

test(
  'a server that drops the connection for being busy is tried again, with growing pauses, and then named',
  async () => {
    for (const [serve, message] of [
      [cut, /the host dropped the connection before it said anything; it may be at its limit/],
      [(socket) => socket.end('Exceeded MaxStartups\r\n'), /at its limit for new logins \(MaxStartups\), and stayed/],
      [
        (socket) => socket.end('Not allowed at this time\r\n'),
        /lets nobody in from this address for now: a penalty .*\(PerSourcePenalties\), or .*\(MaxStartups\); correct what/,
      ],
    ] as const satisfies readonly [Serve, RegExp][]) {
      const called = await withServer(serve, async (port) => {
        const error = await failure(openTo(sshd, { port }, { machines: newMachines() }))
        assert.is(error.code, 3, error.message)
        assert.match(error.message, message)
      })
      assert.is(called, 7)
    }
  },
  { timeout: 40 },
)

test('no way there at all', async () => {
  const port = await freePort()
  const ways: readonly [more: Otherwise, message: RegExp][] = [
    [{ port }, /refused: nothing listens on that port; see that sshd runs/],
    [{ address: 'no-such-host.invalid' }, /its name was not found/],
    [{ from: '192.0.2.7' }, /this machine has no such address to connect from; correct BindAddress/],
    [{ address: 'localhost', family: 6 }, /its name was not found|no route|refused|no such address/],
  ]
  for (const [more, message] of ways) {
    const error = await failure(openTo(sshd, more))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
  }
})

test('TCP has ten seconds to be connected, or what its configuration says', async () => {
  const { timeout } = AbortSignal
  const waited: number[] = []
  mock.method(net, 'connect', () => new net.Socket())
  mock.method(AbortSignal, 'timeout', (milliseconds: number) => {
    waited.push(milliseconds)
    return timeout.call(AbortSignal, 1)
  })
  try {
    for (const [connectSeconds, says] of [
      [null, /no answer within 10 s/],
      [3, /no answer within 3 s/],
    ] as const) {
      const error = await failure(openTo(sshd, { connectSeconds }, { machines: newMachines() }))
      assert.match(error.message, says)
    }
  } finally {
    mock.restoreAll()
  }
  assert.equal(waited, [10_000, 3000])
})

test('small packets are not held back (TCP_NODELAY)', async () => {
  const { connect } = net
  const noDelay: unknown[] = []
  mock.method(net, 'connect', (options: net.TcpNetConnectOpts) => {
    noDelay.push(options.noDelay)
    return connect(options)
  })
  try {
    await (await openTo(sshd)).close()
  } finally {
    mock.restoreAll()
  }
  assert.equal(noDelay, [true])
})

test('an sshd that is frozen: the port is open, and nobody answers', () =>
  withSshd({}, async (own) => {
    own.process.kill('SIGSTOP')
    const error = await failure(openTo(own, {}, { loginSeconds: 0.5 }))
    own.process.kill('SIGCONT')
    assert.match(error.message, /the port is open, but no SSH server has answered within 0\.5 s/)
  }))

test('algorithms: none in common, and post-quantum only, are named with what sshd takes', async () => {
  const configs: readonly [config: string, message: RegExp][] = [
    [
      'KexAlgorithms sntrup761x25519-sha512@openssh.com',
      /post-quantum key exchange only \(sntrup761x25519-sha512@openssh\.com\), which Plinth has not; allow curve25519/,
    ],
    [
      'KexAlgorithms diffie-hellman-group1-sha1',
      /there is no common key exchange algorithm: it takes diffie-hellman-group1-sha1; update its sshd/,
    ],
    ['Ciphers aes128-cbc', /there is no common C->S cipher: it takes aes128-cbc/],
  ]
  for (const [config, message] of configs) {
    await withSshd({ config: [config] }, async (own) => {
      const error = await failure(openTo(own))
      assert.is(error.code, 3)
      assert.match(error.message, message)
    })
  }
})

test('every algorithm that is offered by itself works', async () => {
  const { algorithmsFor, offerOf } = await import('../../lib/edge/algorithms.ts')
  const { SshSettings } = await import('../../lib/edge/ssh-config.ts')
  const all = new SshSettings(new Map([['kexalgorithms', ['curve25519-sha256']]]), new Map())
  assert.equal(algorithmsFor(offerOf(all), []).kex, ['curve25519-sha256'])
  for (const cipher of ['aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'] as const) {
    const offer = offerOf(new SshSettings(new Map([['ciphers', [`none-such,${cipher}`]]]), new Map()))
    const channel = await openTo(sshd, { offer })
    await channel.close()
  }
})

test('a banner before the login, and words before the first line, are no obstacle', async () => {
  await withSshd({ config: ['Banner /etc/hostname'] }, async (own) => {
    await (await openTo(own)).close()
  })
  const greeting: Serve = (socket) => {
    socket.write('Welcome to the gateway\r\nBe good\r\n')
    upTo(Number.MAX_SAFE_INTEGER, silence)(socket)
  }
  await withServer(greeting, async (port) => {
    const channel = await openTo(sshd, { port, trust: { alias: `[127.0.0.1]:${sshd.port}` } })
    await channel.close()
  })
})

test('a ProxyCommand carries the connection, and is named when it fails', async () => {
  const through = (proxyCommand: string): Otherwise => ({ address: 'behind.invalid', proxyCommand })
  const trust = { alias: `[127.0.0.1]:${sshd.port}` }
  const relay = `node -e 'const s=require("net").connect(${sshd.port},"127.0.0.1");process.stdin.pipe(s).pipe(process.stdout)'`
  const channel = await openTo(sshd, { ...through(relay), trust })
  await channel.close()
  const cases: readonly [command: string, loginSeconds: number, message: RegExp][] = [
    ['echo no way to there >&2; false', 9, /its ProxyCommand gave no connection: no way to there; run that command/],
    ['/no/such/program', 9, /its ProxyCommand gave no connection: .*no\/such\/program/],
    [
      "sh -c 'echo dialling >&2; exec sleep 60'",
      2,
      /: no SSH server has answered through its ProxyCommand within 2 s: dialling; run that command by hand/,
    ],
  ]
  for (const [command, loginSeconds, message] of cases) {
    const error = await failure(openTo(sshd, { ...through(command), trust }, { loginSeconds }))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
  }
})

test.run()
