/** The lab's network: one bridge, and per host a namespace with a cable to it. There is no way out: the lab is a closed network. */
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostError } from '../../lib/core/error.ts'
import type { HostLayout, Layout } from './layout.ts'
import { $ } from './shell.ts'

/**
 * Makes the lab's bridge with the controller's own address (.1) on it; does nothing when it is there.
 * @throws PlinthError when another interface already has the lab's network
 */
export async function raiseBridge({ name, bridge, network }: Layout): Promise<void> {
  const address = `${network}.1/24`
  const addresses = (await $`ip -o -4 addr show`).stdout.split('\n').map((line) => line.trim().split(/\s+/))
  const taken = addresses.find((fields) => fields[3]?.startsWith(`${network}.`) && fields[1] !== bridge)
  if (taken) {
    throw hostError({
      where: `lab ${name}`,
      what: `its network ${network}.0/24 is already on the interface ${taken[1]}`,
      remedy: 'take the lab down that has it, or give this one another network with --subnet 10.99.0.0/24',
    })
  }
  if ((await $({ nothrow: true })`ip link show dev ${bridge}`).exitCode !== 0) {
    await $`ip link add ${bridge} type bridge`
  }
  if (!addresses.some((fields) => fields[1] === bridge && fields[3] === address)) {
    await $`ip addr flush dev ${bridge}`
    await $`ip addr add ${address} dev ${bridge}`
  }
  await $`ip link set ${bridge} up`
}

/** Takes the bridge away. */
export const dropBridge = async ({ bridge }: Layout): Promise<void> => {
  await $({ nothrow: true })`ip link del ${bridge}`
}

/** A fresh network for a host that is about to boot: its interface is there, with its address, before its first process. */
export async function plug(lab: Layout, { name, machine, link, address, mac }: HostLayout): Promise<void> {
  await unplug({ machine, link })
  await $`ip netns add ${machine}`
  await $`ip link add ${link} alias ${`${lab.name} ${name}`} type veth peer name eth0 netns ${machine} address ${mac}`
  await $`ip -n ${machine} link set lo up`
  await $`ip -n ${machine} addr add ${`${address}/24`} dev eth0`
  await $`ip -n ${machine} link set eth0 up`
  await $`ip link set ${link} master ${lab.bridge} up`
}

/** Takes a host's network away; nothing is there afterwards, whatever was there before. */
export async function unplug({ machine, link }: Pick<HostLayout, 'machine' | 'link'>): Promise<void> {
  if (existsSync(`/sys/class/net/${link}`)) await $({ nothrow: true })`ip link del ${link}`
  if (existsSync(`/run/netns/${machine}`)) await $({ nothrow: true })`ip netns del ${machine}`
}

/** Pulls a host's cable (`down`) or plugs it in again (`up`): to everyone else it is gone, without a word. */
export const setLink = async ({ link }: HostLayout, to: 'up' | 'down'): Promise<void> => {
  await $`ip link set ${link} ${to}`
}

/**
 * Waits until the controller's kernel finds a host again whose cable was just plugged in: for some seconds it may still remember that nobody
 * answered. At most 10 s.
 */
export async function untilFound({ bridge }: Layout, { address }: HostLayout): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
    await $({ nothrow: true })`ip neigh flush to ${address} dev ${bridge}`
    if (await packetsArrive(address)) return
  }
}

/** Port 22 is accepted or refused: either way the host's kernel has answered. */
const packetsArrive = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 500 })
    const end = (arrived: boolean): void => {
      socket.destroy()
      resolve(arrived)
    }
    socket.once('connect', () => end(true))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'))
    socket.once('timeout', () => end(false))
  })

/** Whether the controller's end of a host's cable is up. */
export const linkIsUp = async ({ link }: HostLayout): Promise<boolean> =>
  (await $({ nothrow: true })`ip -o link show dev ${link} up`).stdout.trim() !== ''
