/** The demo: the lab, the archive, the site playbook, and what to try next. Run again, it finds nothing to do. */
import { $ } from 'zx'
import { PlinthError, problemText } from '../../lib/core/error.ts'
import { lab } from './lab.ts'
import { labArchive } from './nacos/archive.ts'

const demo = lab('demo')
const say = (line: string): void => console.error(`  ${line}`)
const title = (text: string): void => console.error(`\n${text}`)

/** Runs a playbook with this terminal as its own; ends the demo with its exit code when it fails. */
async function playbook(name: string): Promise<void> {
  const { exitCode } = await $({ stdio: 'inherit', nothrow: true })`node --import tsx playbooks/${name}.ts -i lab`
  if (exitCode === 0) return
  console.error(`\nplaybooks/${name}.ts ended with ${exitCode}; the lab stays up: npm run lab -- status`)
  process.exit(exitCode ?? 1)
}

try {
  title('1. The archive: Nacos 2.2.4 as a lab distribution, assembled from its modules')
  const archive = await labArchive('2.2.4', say)
  say(`${archive.path} (${Math.round(archive.bytes / 1e6)} MB)`)

  title('2. The lab: db1, nacos1, nacos2 and nacos3, real hosts with systemd and sshd')
  await demo.up({ say })
  for (const { host, address, state } of await demo.status()) say(`${host.padEnd(8)} ${address.padEnd(12)} ${state}`)

  title('3. npx tsx playbooks/site.ts -i lab')
  await playbook('site')

  title('4. npx tsx playbooks/members.ts -i lab')
  await playbook('members')

  console.log(`
Open on this machine:  http://${demo.addressOf('nacos1')}:8848/nacos/v1/core/cluster/nodes

Try next:
  npx tsx playbooks/site.ts -i lab --check        what differs from the inventory (nothing, now)
  npm run lab -- shell nacos2 'systemctl stop nacos; rm /opt/nacos/conf/cluster.conf'
  npx tsx playbooks/site.ts -i lab                … and see it repaired
  npm run lab -- down                             take the lab away`)
} catch (error) {
  if (!(error instanceof PlinthError)) throw error
  for (const problem of error.problems) console.error(problemText(problem))
  console.error('What works without a lab: npm test -- --unit')
  process.exitCode = error.code
}
