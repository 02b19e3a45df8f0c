/** A lab that belongs to a process is taken down when that process is gone, however it ended. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { usageError } from '../../lib/core/error.ts'
import { cgroupRoot, type Layout } from './layout.ts'
import { killGroup } from './machine.ts'
import { identityOf, type ProcessIdentity } from './processes.ts'
import { $ } from './shell.ts'

const ownerFile = (lab: Layout): string => join(lab.folder, 'owner.json')

/** Whom a lab belongs to, or null: it stays until `down`. */
export const ownerOf = (lab: Layout): ProcessIdentity | null =>
  existsSync(ownerFile(lab)) ? (JSON.parse(readFileSync(ownerFile(lab), 'utf8')) as ProcessIdentity) : null

/** The watcher's cgroup, so that it is found and ended like everything else of the lab. */
export const watcherGroup = (lab: Layout): string => join(lab.cgroup, 'watcher')

/**
 * Gives the lab to a process and starts the watcher: a shell that looks once a second, and then takes the lab down.
 * @throws PlinthError (4) when there is no such process
 */
export async function setOwner(lab: Layout, pid: number): Promise<void> {
  const owner = identityOf(pid)
  if (owner === null) {
    throw usageError({
      where: `--owner ${pid}`,
      what: 'no such process',
      remedy: 'give the number of a running process',
    })
  }
  writeFileSync(ownerFile(lab), JSON.stringify(owner))
  await killGroup(watcherGroup(lab))
  await $`mkdir -p ${watcherGroup(lab)}`
  // $1 pid, $2 start time, $3 our cgroup, $4 the one to leave to (else it would end itself); then the command. The name in field 2 of stat
  // may hold spaces: what follows its last parenthesis is the state, and 19 further on the start time.
  const watch = `echo $$ >"$3/cgroup.procs"
    while case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1,20) in [!ZX]" $2") ;; *) false ;; esac
    do sleep 1; done
    echo $$ >"$4/cgroup.procs"
    shift 4
    exec "$@"`
  const down = [process.execPath, '--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'cli.ts')]
  await $`setsid -f sh -c ${watch} sh ${owner.pid} ${owner.started} ${watcherGroup(lab)} ${cgroupRoot()} \
    ${down} down --abandoned --lab ${lab.name} </dev/null >${join(lab.folder, 'watcher.log')} 2>&1`
}

/** Nobody's lab any more. */
export const forgetOwner = (lab: Layout): void => rmSync(ownerFile(lab), { force: true })
