/** What is left on a host of the connections to it: processes, and the lock. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from './lab.ts'

/** What hangs on sshd besides the listener itself: the processes of every session, orphans too. And whether the lock is free. */
const left = `for p in $(/usr/bin/cat "$(find /sys/fs/cgroup -type d -path '*/system.slice/ssh.service' | head -n 1)/cgroup.procs"); do
  tr '\\0' ' ' </proc/$p/cmdline 2>/dev/null | grep -v '\\[listener\\]' || :
done
flock -n /run/plinth.lock true || echo locked`

/** Looks after which what is still there counts as left for good. */
const looks = 400

/** Waits until no process of a run is left on a host and its lock is free. Throws and names what does not go. */
export async function quiet(lab: Lab, host: string): Promise<void> {
  let found = ''
  for (let look = 0; look < looks; look++) {
    const { stdout, stderr } = await lab.run(host, left)
    found = `${stdout}${stderr}`.trim()
    if (found === '') return
    await sleep(50)
  }
  throw new Error(`${host}: this stays: ${found}`)
}
