/** zx as the lab uses it on the controller: silent, with an empty stdin and the folders of the system's own tools in PATH. */
import { $ as zx } from 'zx'

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The environment of every command; `sbin` may be missing from a root's PATH. SHLVL: bash takes zx's stdin, a socket, for a
 * login from another machine and runs the user's .bashrc first, unless it hears that it is not the first shell.
 */
export const environment = {
  ...process.env,
  PATH: `${process.env.PATH ?? ''}:${systemPath}`,
  LC_ALL: 'C.UTF-8',
  SHLVL: '1',
}

export const $ = zx({ quiet: true, input: '', env: environment })

/** What the lab says while it works: one line, without a final stop. */
export type Say = (line: string) => void

/** Seconds since `start` (ms, from `Date.now()`), for a line of progress: `3.2 s`. */
export const since = (start: number): string => `${((Date.now() - start) / 1000).toFixed(1)} s`
