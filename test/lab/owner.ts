/** A lab that belongs to a process is taken down when that process is gone, however it ended. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupRoot, inside, killGroup } from './cgroup.ts'
import type { Layout } from './layout.ts'
import type { ProcessIdentity } from './processes.ts'
import { $ } from './shell.ts'

const ownerFile = (lab: Layout): string => join(lab.folder, 'owner.json')

/** Whom a lab belongs to, or null: it stays until `down`. */
export const ownerOf = (lab: Layout): ProcessIdentity | null =>
  existsSync(ownerFile(lab)) ? (JSON.parse(readFileSync(ownerFile(lab), 'utf8')) as ProcessIdentity) : null

/** The watcher's cgroup, so that it is found and ended like everything else of the lab. */
export const watcherGroup = (lab: Layout): string => join(lab.cgroup, 'watcher')

/** Gives the lab to a process and starts the watcher: a shell that looks once a second, and then takes the lab down. */
export async function setOwner(lab: Layout, owner: ProcessIdentity): Promise<void> {
  writeFileSync(ownerFile(lab), JSON.stringify(owner))
  await killGroup(watcherGroup(lab))
  // $1 pid, $2 start time, $3 the cgroup to leave to (or it would end itself), then the command. The name in field 2 of stat may hold spaces:
  // what follows its last parenthesis is the state, and 19 further on the start time.
  const watch = `
    while case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1,20) in [!ZX]" $2") ;; *) false ;; esac
    do sleep 1; done
    echo $$ >"$3/cgroup.procs"
    shift 3
    exec "$@"`
  const down = [process.execPath, '--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'cli.ts')]
  const shell = ['sh', '-c', watch, 'sh', owner.pid, owner.started, cgroupRoot()].map(String)
  await $`setsid -f ${inside(watcherGroup(lab))} ${shell} ${down} down --abandoned --lab ${lab.name} \
    </dev/null >${join(lab.folder, 'watcher.log')} 2>&1`
}

/** Nobody's lab any more. */
export const forgetOwner = (lab: Layout): void => rmSync(ownerFile(lab), { force: true })
