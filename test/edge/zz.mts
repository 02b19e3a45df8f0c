import { createReadStream } from 'node:fs'
import { startSshd } from './sshd.ts'
import { connect } from '../../lib/edge/ssh.ts'
import ssh2 from 'ssh2'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { execFileSync } from 'node:child_process'
const sshd = await startSshd({ config: ['SetEnv HOME=/tmp/sshw/home'] })
const at = { name: 'h1', user: sshd.user, address: '127.0.0.1', port: sshd.port, privateKeyFile: sshd.key, knownHostsFiles: [sshd.knownHosts] }
const path = '/tmp/sshw/big'
const channel = await connect(at)
const client = new ssh2.Client()
client.connect({ host: '127.0.0.1', port: sshd.port, username: sshd.user, privateKey: readFileSync(sshd.key) })
await once(client, 'ready'); client.setNoDelay(true)
for (let i = 0; i < 3; i++) {
  for (const cmd of ['exec cat >/tmp/sshw/copy', 'exec head -c 200000000 >/tmp/sshw/copy']) {
    const t = performance.now()
    await new Promise<void>((resolve) => client.exec(cmd, (e, c) => { createReadStream(path, { highWaterMark: 256 * 1024 }).pipe(c); c.on('close', () => resolve()); c.resume() }))
    console.log(cmd, (200 / (performance.now() - t) * 1000).toFixed(0))
  }
  for await (const done of channel.act([{ say: 'up', run: 'cat >/tmp/sshw/copy', upload: { path, bytes: 200e6, sha256: '' } }])) console.log('ours', done.code, (200 / done.seconds).toFixed(0))
  const t = performance.now()


}
await channel.close(); client.end()
await sshd.stop()
