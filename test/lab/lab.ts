/** A lab: real Linux hosts with systemd, sshd and (db1) MySQL on this machine, for the demo and the tests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { glob } from 'zx'
import { hostError, usageError } from '../../lib/core/error.ts'
import { isFrozen, killGroup, setFrozen } from './cgroup.ts'
import { dropOldImages, ensureImage, type Image, imageOf } from './image.ts'
import {
  addressNumbers,
  cacheFolder,
  checkNetwork,
  defaultHosts,
  type HostLayout,
  hostLayout,
  keepNetwork,
  type Layout,
  layoutOf,
} from './layout.ts'
import { holderOf, withLock } from './lock.ts'
import * as machine from './machine.ts'
import { dropBridge, linkIsUp, raiseBridge, setLink, untilFound } from './network.ts'
import { forgetOwner, ownerOf, setOwner } from './owner.ts'
import { identityOf, isAlive, type ProcessIdentity } from './processes.ts'
import { requireLab } from './requirements.ts'
import { ensureKeys } from './secrets.ts'
import { type Say, since } from './shell.ts'

export type HostState = 'running' | 'starting' | 'frozen' | 'cut' | 'off' | 'absent'

export interface HostStatus {
  readonly host: string
  readonly address: string
  readonly state: HostState
}

export interface UpOptions {
  readonly hosts?: readonly string[]
  /** The process the lab belongs to: it is taken down when that one is gone. Without one it stays until `down`. */
  readonly owner?: number
  /** A folder to lay over the image, for hosts that get a new disk: what a user of the lab wants installed on all of them. */
  readonly layer?: string
  /** New disks for all of them, whatever they were before. */
  readonly bare?: boolean
  readonly say?: Say
}

/** Logins and sessions that sshd has seen. Every exec, shell and subsystem is one session. */
export interface Connections {
  readonly logins: number
  readonly sessions: number
}

const silent: Say = () => {}

/** The lab that the files of tests share. Another name lets two checkouts test at the same time. */
export const testLabName = process.env.PLINTH_TEST_LAB ?? 'test'

/** Whom the labs of the tests belong to: the run of all files, or this process when a file is run alone. */
export const testOwner = Number(process.env.PLINTH_LAB_OWNER ?? process.pid)

export class Lab {
  readonly layout: Layout

  constructor(layout: Layout) {
    this.layout = layout
  }

  /** Where a host is reached from the controller, and by its peers. */
  addressOf(host: string): string {
    return hostLayout(this.layout, host).address
  }

  /**
   * Boots what is missing; hosts that run are left as they are (thawed and mended, if they were not). Clears what a run left whose owner is gone.
   * @throws PlinthError when the machine can't run a lab, another `up` or owner has this one, or a host does not start
   */
  async up({ hosts = defaultHosts, owner, layer, bare = false, say = silent }: UpOptions = {}): Promise<void> {
    const ownedBy = owner === undefined ? null : identityOf(owner)
    if (owner !== undefined && ownedBy === null) {
      throw usageError({ where: `owner ${owner}`, what: 'no such process', remedy: 'give the number of a running one' })
    }
    const wanted = hosts.map((name) => hostLayout(this.layout, name))
    await requireLab(say)
    await this.#locked({ wait: 0 }, async () => {
      const image = await ensureImage(say)
      const start = Date.now()
      await this.#takeOver(ownedBy, say)
      if (this.#disks().length > 0) checkNetwork(this.layout)
      await raiseBridge(this.layout)
      keepNetwork(this.layout)
      await ensureKeys(this.layout, hosts)
      const booted = await Promise.all(wanted.map((host) => this.#bring(host, image, say, bare, layer)))
      await dropOldImages(new Set([image.id, ...(await imagesInUse())]))
      const count = booted.filter(Boolean).length
      if (count > 0) say(`${count} of ${hosts.length} hosts booted in ${since(start)}`)
    })
  }

  /**
   * Ends every host and removes its disk, and all else that runs, is mounted or has a name; keys and secrets stay.
   * @param options `abandoned`: only when its owner is gone
   */
  async down({ say = silent, abandoned = false }: { say?: Say; abandoned?: boolean } = {}): Promise<void> {
    await this.#locked({ wait: 120 }, async () => {
      const owner = ownerOf(this.layout)
      if (abandoned && (owner === null || isAlive(owner))) return
      await this.#clear()
      say(`lab ${this.layout.name} is down`)
    })
  }

  /** Every host that has a disk, or runs. */
  async status(): Promise<HostStatus[]> {
    const known = [...addressNumbers.keys()].map((name) => hostLayout(this.layout, name))
    const there = known.filter((host) => machine.isOn(host) || machine.imageOfDisk(host) !== '')
    return Promise.all(
      there.map(async (host) => ({ host: host.name, address: host.address, state: await stateOf(host) })),
    )
  }

  /** Gives a host back bare, in seconds: power cut, new disk, same key and address. Returns when it is ready. */
  async reset(host: string, { say = silent }: { say?: Say } = {}): Promise<void> {
    const place = this.#there(host)
    await this.#shared(async () => {
      const image = await ensureImage(say)
      await machine.powerOff(place)
      await ensureKeys(this.layout, [host])
      await machine.makeDisk(this.layout, place, image)
      await this.#start(place, true)
    })
  }

  /** A power cut: nothing of the host is left running, and no peer hears of it. */
  async kill(host: string): Promise<void> {
    await this.#shared(() => machine.powerOff(this.#there(host)))
  }

  /** Starts a host that is off, with its disk as it was. Returns when it is ready. */
  async boot(host: string): Promise<void> {
    const place = this.#there(host)
    await this.#shared(async () => {
      if (!machine.isOn(place)) await this.#start(place, false)
    })
  }

  /** Stops all of a host's processes where they are: connections stay open, nobody answers. */
  async freeze(host: string): Promise<void> {
    await setFrozen(this.#running(host).cgroup, true)
  }

  async thaw(host: string): Promise<void> {
    await setFrozen(this.#running(host).cgroup, false)
  }

  /** Pulls a host's cable. */
  async cut(host: string): Promise<void> {
    await setLink(this.#running(host), 'down')
  }

  /** Plugs it in again. Returns when packets arrive. */
  async mend(host: string): Promise<void> {
    await setLink(this.#running(host), 'up')
    await untilFound(this.layout, this.#running(host))
  }

  /** Runs a shell command inside a host as root, without ssh. */
  async run(host: string, command: string): Promise<machine.Ran> {
    return machine.runInside(this.#running(host), command)
  }

  /** A point in a host's journal, for `connections`. */
  async mark(host: string): Promise<string> {
    const { stdout } = await this.run(host, 'journalctl --sync; journalctl --lines=0 --show-cursor')
    const cursor = /^-- cursor: (.+)$/m.exec(stdout)?.[1]
    if (cursor === undefined) throw new Error(`${host}: its journal gave no cursor: ${stdout}`)
    return cursor
  }

  /** Counts what sshd of a host has logged since a mark of this boot, or since its boot. */
  async connections(host: string, mark?: string): Promise<Connections> {
    const from = mark === undefined ? '--boot' : `--after-cursor='${mark}'`
    const { stdout } = await this.run(host, `journalctl --sync; journalctl ${from} --unit=ssh --output=cat`)
    const count = (pattern: RegExp): number => stdout.match(pattern)?.length ?? 0
    return { logins: count(/^Accepted \S+ for /gm), sessions: count(/^Starting session: /gm) }
  }

  /** The argv of an interactive shell on a host. */
  shellCommand(host: string): string[] {
    const leader = machine.leaderOf(this.#running(host))
    return [...machine.insidePrefix(leader ?? ''), `TERM=${process.env.TERM ?? 'dumb'}`, '/bin/bash', '--login']
  }

  async #bring(host: HostLayout, image: Image, say: Say, anew: boolean, layer?: string): Promise<boolean> {
    const start = Date.now()
    const on = machine.isOn(host)
    const disk = machine.imageOfDisk(host)
    if (on && disk !== '' && !anew) {
      await setFrozen(host.cgroup, false)
      await setLink(host, 'up')
      await untilFound(this.layout, host)
      await machine.untilReady(host, false)
    } else {
      await machine.powerOff(host)
      const bare = anew || disk === '' || !existsSync(imageOf(disk).bare)
      if (bare) {
        machine.setLayer(host, layer)
        await machine.makeDisk(this.layout, host, image)
      }
      await this.#start(host, bare)
      say(`${host.name} (${host.address}) is ready after ${since(start)}`)
    }
    if (!anew && disk !== '' && disk !== image.id)
      say(`${host.name} stands on an older image; "reset ${host.name}" renews it`)
    return !on
  }

  async #start(host: HostLayout, bare: boolean): Promise<void> {
    await machine.powerOn(this.layout, host)
    await machine.untilReady(host, bare)
  }

  /** Whose lab this is from now on. */
  async #takeOver(owner: ProcessIdentity | null, say: Say): Promise<void> {
    const before = ownerOf(this.layout)
    if (before !== null && isAlive(before)) {
      if (before.pid === owner?.pid) return
      throw hostError({
        where: `lab ${this.layout.name}`,
        what: `belongs to process ${before.pid}, which is still running`,
        remedy: 'wait for its end, or use another lab with --lab NAME',
      })
    }
    if (before !== null || this.#disks().length === 0) {
      if (before !== null) say(`clearing what process ${before.pid} left of lab ${this.layout.name}`)
      await this.#clear()
      if (owner !== null) await setOwner(this.layout, owner)
    } else if (owner !== null) {
      say(`lab ${this.layout.name} was up before and stays up`)
    }
  }

  async #clear(): Promise<void> {
    const all = [...addressNumbers.keys()].map((name) => hostLayout(this.layout, name))
    await killGroup(this.layout.cgroup)
    await Promise.all(
      all.map(async (host) => {
        await machine.powerOff(host)
        if (existsSync(host.folder)) await machine.dropDisk(host)
      }),
    )
    await dropBridge(this.layout)
    forgetOwner(this.layout)
  }

  #disks(): string[] {
    const folder = join(this.layout.folder, 'hosts')
    return existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'upper'))) : []
  }

  #there(host: string): HostLayout {
    const place = hostLayout(this.layout, host)
    if (machine.imageOfDisk(place) !== '') return place
    throw usageError({
      where: `lab ${this.layout.name}`,
      what: `has no ${host}`,
      remedy: `bring it up: npm run lab -- up --lab ${this.layout.name} ${host}`,
    })
  }

  #running(host: string): HostLayout {
    const place = this.#there(host)
    if (machine.isOn(place)) return place
    throw hostError({
      where: host,
      what: 'is off',
      remedy: `start it: npm run lab -- boot ${host} --lab ${this.layout.name}`,
    })
  }

  /** Together with the like on other hosts, never beside `up` and `down`. */
  #shared(work: () => Promise<void>): Promise<void> {
    return this.#locked({ shared: true, wait: 120 }, work)
  }

  async #locked(how: { shared?: boolean; wait: number }, work: () => Promise<void>): Promise<void> {
    const path = join(this.layout.folder, 'lock')
    if (await withLock(path, how, work)) return
    throw hostError({
      where: `lab ${this.layout.name}`,
      what: `is being changed by another run (${holderOf(path)})`,
      remedy: 'wait for its end, or use another lab with --lab NAME',
    })
  }
}

async function stateOf(host: HostLayout): Promise<HostState> {
  if (machine.imageOfDisk(host) === '') return 'absent'
  if (!machine.isOn(host)) return 'off'
  if (isFrozen(host.cgroup)) return 'frozen'
  if (!(await linkIsUp(host))) return 'cut'
  return machine.leaderOf(host) === undefined ? 'starting' : 'running'
}

async function imagesInUse(): Promise<string[]> {
  const files = await glob('labs/*/hosts/*/image', { cwd: cacheFolder, absolute: true })
  return files.map((file) => readFileSync(file, 'utf8').trim())
}

/**
 * The lab of this name; nothing happens before `up`.
 * @throws PlinthError (4) for a name or subnet of another form
 */
export const lab = (name: string, options: { readonly subnet?: string } = {}): Lab =>
  new Lab(layoutOf(name, options.subnet))
