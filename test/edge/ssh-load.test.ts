/** A run's first connection is made before ssh2 is loaded. On its own: in a process ssh2 is loaded once. */
import { createRequire } from 'node:module'
import net from 'node:net'
import { assert, suite } from '../kit.ts'
import { failure } from './channels.ts'
import { newMachines, openTo, withSshd } from './sshd.ts'

const test = suite('edge/ssh-load')
const { cache } = createRequire(import.meta.url)
const isLoaded = (): boolean => Object.keys(cache).some((path) => path.includes('/node_modules/ssh2/'))

test(
  'sshd is called while ssh2 is not there yet, and when it, or a ProxyCommand, hangs up at once that is heard all the same',
  () =>
    withSshd({}, async (sshd) => {
      const loaded: boolean[] = []
      const server = net.createServer((socket) => {
        loaded.push(isLoaded())
        socket.on('error', () => {})
        socket.end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      try {
        const { port } = server.address() as net.AddressInfo
        const how = { machines: newMachines(), loginSeconds: 5 }
        const proxyCommand = 'sh -c "echo no way >&2; exit 3"'
        const [error, ofProgram] = await Promise.all(
          [{ port }, { proxyCommand }].map((more) => failure(openTo(sshd, more, how))),
        )
        assert.match(error!.message, /the host dropped the connection before it said anything/)
        assert.match(ofProgram!.message, /its ProxyCommand gave no connection: no way; /)
      } finally {
        server.close()
      }
      // It is tried again, with ssh2.
      assert.equal(loaded, [false, true, true, true, true, true, true])
    }),
  { timeout: 40 },
)

test.run()
