/** A fault of Nacos brought about on purpose: a member that loses its note of a Raft group while it starts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inside } from '../playbook.ts'
import { $ } from '../shell.ts'
import { ensureTools } from './tools.ts'

const agent = '/opt/late.jar'
const dropIn = '/run/systemd/system/nacos.service.d/late.conf'

/** From its next start on the Nacos of a host hears of its first leader too early. */
export async function hearTooEarly(host: string): Promise<void> {
  await ensureTools((line) => console.log(line))
  const folder = mkdtempSync(join(tmpdir(), 'plinth-late-'))
  try {
    writeFileSync(join(folder, 'manifest'), 'Premain-Class: Late\n')
    await $`javac --release 8 -Xlint:-options -d ${folder}/classes ${import.meta.dirname}/late/Late.java`
    await $`jar cfm ${folder}/late.jar ${folder}/manifest -C ${folder}/classes .`
    const jar = readFileSync(join(folder, 'late.jar')).toString('base64')
    await inside(
      host,
      `echo ${jar} | base64 -d >${agent}
mkdir -p ${dropIn.replace(/\/[^/]*$/, '')}
printf '[Service]\\nEnvironment=JAVA_TOOL_OPTIONS=-javaagent:${agent}\\n' >${dropIn}
systemctl daemon-reload`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Takes that back; a process that runs keeps it. */
export const hearInTime = (host: string): Promise<string> =>
  inside(host, `rm -f ${agent} ${dropIn}; systemctl daemon-reload`)
