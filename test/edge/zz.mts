import { start } from './local-shell.ts'
import { randomBytes } from 'node:crypto'
import { writeFileSync, rmSync } from 'node:fs'
const { shell } = start('dash')
const mb = randomBytes(1_000_000)
let read = 0
rmSync('/tmp/sshw/go', { force: true })
const chunks = async function* (): AsyncGenerator<Buffer> { for (; read < 32; read++) { yield mb } }
const running = shell.run(`while ! [ -e /tmp/sshw/go ]; do sleep 0.05; done; wc -c`, { stream: { chunks: chunks(), bytes: 32_000_000 } })
await new Promise((r) => setTimeout(r, 500))
console.log({ read })
writeFileSync('/tmp/sshw/go', '')
setTimeout(() => console.log({ read }, shell.streams.stdin.writableLength, shell.streams.stdin.writableNeedDrain), 1500).unref()
console.log(await running)
await shell.close()
