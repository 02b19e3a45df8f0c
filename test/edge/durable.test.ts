/** What the controller keeps outlasts a power cut: its bytes are on the disk before it gets its name, and its name after. */
import fs, { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { writePlan } from '../../lib/edge/plan-file.ts'
import { openReport } from '../../lib/edge/report-folder.ts'
import { storage } from '../../lib/edge/storage.ts'
import { replaceFile } from '../../lib/edge/whole-file.ts'
import { assert, suite } from '../kit.ts'
import { recorded } from '../report/runs.ts'
import { failing } from '../report/sites.ts'

const test = suite('edge/durable')
const folder = mkdtempSync(join(tmpdir(), 'plinth-durable-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** What is synced and renamed meanwhile, in that order, by the names it has then. */
async function written(work: () => unknown): Promise<readonly string[]> {
  const said: string[] = []
  const named = (fd: number): string =>
    basename(readlinkSync(`/proc/self/fd/${fd}`)).replace(String(process.pid), 'PID')
  const { fsyncSync, renameSync } = fs
  const { rename } = fs.promises
  const some = await open(folder)
  const handle = Object.getPrototypeOf(some) as { sync(this: { readonly fd: number }): Promise<void> }
  await some.close()
  const { sync } = handle
  fs.fsyncSync = (fd) => {
    said.push(`sync ${named(fd)}`)
    fsyncSync(fd)
  }
  fs.renameSync = (from, to) => {
    said.push(`rename ${basename(String(to))}`)
    renameSync(from, to)
  }
  fs.promises.rename = async (from, to) => {
    said.push(`rename ${basename(String(to))}`)
    await rename(from, to)
  }
  handle.sync = async function () {
    said.push(`sync ${named(this.fd)}`)
    await sync.call(this)
  }
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    Object.assign(fs, { fsyncSync, renameSync })
    fs.promises.rename = rename
    handle.sync = sync
    syncBuiltinESMExports()
  }
  return said
}

const fresh = (name: string): string => {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

test('a file of the vault or of the inventory', async () => {
  const path = join(fresh('vars'), 'all.yaml')
  writeFileSync(path, 'old')
  const order = ['sync .all.yaml.plinth.PID', 'rename all.yaml', 'sync vars']
  assert.equal(await written(() => replaceFile(path, 'new')), order)
})

test('a plan', async () => {
  const path = join(fresh('plans'), 'plan.json')
  const plan = { plinth: '1', made: '', playbook: '', selection: {} as never, hosts: [], plays: [] }
  const order = ['sync .plan.json.plinth.PID', 'rename plan.json', 'sync plans']
  assert.equal(await written(() => writePlan(path, plan)), order)
})

test('a report', async () => {
  const report = openReport(fresh('report'))
  const { world, plays } = failing()
  const ended = await recorded(plays, world)
  const order = ['report.json', 'junit.xml', 'report.html'].flatMap((name) => [
    ...[`sync ${name}.plinth.PID`, `rename ${name}`, 'sync report'],
  ])
  assert.equal(await written(() => report.write(ended)), order)
})

test('a backup: each file and each folder of it, then its name', async () => {
  const draft = await storage(fresh('backups'), []).begin('first')
  const said = await written(async () => {
    await draft.write('nodes/n1/x.jar', Buffer.from('x'))
    await draft.finish()
  })
  const before = ['sync x.jar', 'sync SHA256SUMS', 'sync .', 'sync nodes', 'sync n1']
  assert.equal(
    said.map((line) => line.replace(/^sync \..*PID.*/, 'sync .')),
    [...before, 'rename first', 'sync backups'],
  )
})

test.run()
