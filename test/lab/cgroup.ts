/** A cgroup holds all the processes of a thing: so they are found, stopped and ended together, whoever started them and however that one ended. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where cgroup v2 is mounted (`/sys/fs/cgroup`, or `/sys/fs/cgroup/unified` beside v1); empty when it is not. */
export function cgroupRoot(): string {
  const mounts = read('/proc/mounts').split('\n')
  return mounts.map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2')?.[1] ?? ''
}

/** The argv prefix that starts a command inside a cgroup, which is made when it is missing. */
export function inside(cgroup: string): string[] {
  mkdirSync(cgroup, { recursive: true })
  return ['sh', '-c', 'echo $$ >"$0/cgroup.procs"; exec "$@"', cgroup]
}

/** Whether any process lives in it or below, frozen ones included. */
export const isPopulated = (cgroup: string): boolean => read(join(cgroup, 'cgroup.events')).includes('populated 1')

/** The processes in it, without those below. */
export const processesOf = (cgroup: string): string[] => read(join(cgroup, 'cgroup.procs')).split('\n').filter(Boolean)

/** Whether its processes are stopped where they are. */
export const isFrozen = (cgroup: string): boolean => read(join(cgroup, 'cgroup.freeze')).trim() === '1'

/** Stops every process where it is (`true`), or lets them go on. Returns when it is so. */
export async function setFrozen(cgroup: string, frozen: boolean): Promise<void> {
  writeFileSync(join(cgroup, 'cgroup.freeze'), frozen ? '1' : '0')
  const notYet = `frozen ${frozen ? 0 : 1}`
  while (isPopulated(cgroup) && read(join(cgroup, 'cgroup.events')).includes(notYet)) await sleep(10)
}

/**
 * Ends every process of a cgroup and below, and removes it. Removal is part of it: a cgroup that was killed once and is used again makes the
 * kernel (seen on 6.18) kill what systemd starts in new children of it.
 */
export async function killGroup(cgroup: string): Promise<void> {
  if (!existsSync(cgroup)) return
  // Frozen processes are killed as well.
  writeFileSync(join(cgroup, 'cgroup.kill'), '1')
  while (isPopulated(cgroup)) await sleep(20)
  removeGroup(cgroup)
}

function removeGroup(cgroup: string): void {
  for (const entry of readdirSync(cgroup, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(cgroup, entry.name))
  }
  rmdirSync(cgroup)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
