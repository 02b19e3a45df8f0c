/** A bound on the memory of some processes, so that the kernel itself kills who goes beyond it: under cgroup v2, or v1 where that has the memory controller. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cgroupRoot, processesOf } from './cgroup.ts'

const v1 = '/sys/fs/cgroup/memory'
const isV1 = existsSync(join(v1, 'memory.limit_in_bytes'))
const root = isV1 ? v1 : cgroupRoot()

export class MemoryBound {
  readonly #group: string
  readonly #before: number

  /** @param name a test's own: what it left when it was killed is taken over */
  constructor(name: string, bytes: number) {
    this.#group = join(root, name)
    if (!isV1) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory')
    mkdirSync(this.#group, { recursive: true })
    writeFileSync(join(this.#group, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(bytes))
    this.#before = this.#killed()
  }

  /** From now on this process, and what it starts, is bound. */
  take(pid: number): void {
    writeFileSync(join(this.#group, 'cgroup.procs'), String(pid))
  }

  /** How many processes the kernel has killed here for want of memory. */
  get killed(): number {
    return this.#killed() - this.#before
  }

  #killed(): number {
    const text = readFileSync(join(this.#group, isV1 ? 'memory.oom_control' : 'memory.events'), 'utf8')
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1])
  }

  /** Waits until its last process is gone, and removes it. */
  async end(): Promise<void> {
    while (processesOf(this.#group).length > 0) await sleep(20)
    rmdirSync(this.#group)
  }
}
