/**
 * A channel to a machine over SSH: one connection, one long-lived shell on it, tunnels beside it.
 *
 * ssh2 speaks the protocol. Everything above is ours (docs/design.md section 4), because a host key must be checked, a
 * lost connection must never look like success, and one session slot must be enough.
 */
import type { MachineChannel } from '../core/channel.ts'
import { PlinthError, unreachable } from '../core/error.ts'
import type { Become } from '../core/inventory.ts'
import { becoming } from './become.ts'
import { execAtOnce } from './fewer-trips.ts'
import { type Link, type LinkOptions, Links } from './links.ts'
import { memoryOf } from './login-memory.ts'
import type { Route } from './route.ts'
import { Shell, type Streams } from './shell.ts'
import { shellChannel } from './shell-channel.ts'
import { connectionProblem } from './ssh-problems.ts'
import type { Asker } from './terminal.ts'
import { traceProblem, traceScript, traceSeconds } from './trace-text.ts'
import type { Trials } from './trials.ts'
import { openTunnel } from './tunnel.ts'

export interface ConnectOptions extends LinkOptions {
  /** Instead of the machine's own lock file. */
  readonly lockFile?: string
}

/** The machines of a run. */
export class Machines {
  readonly #links: Links
  readonly #trials: Trials

  constructor(asker: Asker) {
    this.#links = new Links(asker)
    this.#trials = memoryOf(asker).trials
  }

  /**
   * Opens a connection to a machine, verifies the key of every host on the way, logs in and starts the shell.
   * @throws PlinthError (exit code 3) that says by name what stood in the way
   */
  async connect({ name, hops, become }: Route, options: ConnectOptions = {}): Promise<MachineChannel> {
    const link = await this.#links.open(hops, options).catch((error) => {
      throw about(name, error)
    })
    const noShell = (error: Error): PlinthError =>
      connectionProblem(link.where, error, { phase: 'shell', seconds: options.loginSeconds ?? 20 })
    let shell: Shell | undefined
    /** Ends the wait for a shell, or the shell. */
    let lose = (_: string): void => {}
    const lost = new Promise<never>((_, reject) => {
      lose = (reason) => {
        shell?.lose(reason)
        reject(unreachable({ where: name, what: reason, remedy: 'see to the host and its sshd, then run again' }))
      }
    })
    lost.catch(() => {})
    link.onLoss((reason) => lose(reason))
    const open = async (): Promise<Streams> => {
      const channel = await execAtOnce(link.client, shellCommand, (error) => {
        lose(noShell(error).problems[0]?.what ?? error.message)
      })
      channel.on('exit', (code: number | null, signal?: string) => {
        shell?.ends(`the shell there ended (${signal ?? `exit code ${code}`})`)
      })
      // Before there is a shell the reason of its end is thrown, and that of the connection must not come first.
      const kill = (): void => {
        if (shell) link.hangUp()
      }
      return { stdin: channel, stdout: channel, stderr: channel.stderr, kill }
    }
    try {
      const user = hops.at(-1)?.credentials.user
      const other = become !== null && become.user !== user
      const became = (become: Become): Promise<Streams> => {
        // What sudo wants to hear is the password of who logged in, unless it was told otherwise there.
        const account = become.method === 'su' ? become.user : (user ?? '')
        const trial = become.password && this.#trials.of(account, become.password)
        return becoming(open, become, name, trial ? { trial } : {})
      }
      shell = new Shell(name, other ? await Promise.race([became(become), lost]) : await open())
      return machineChannel(link, shell, options.lockFile)
    } catch (error) {
      link.hangUp()
      throw error instanceof PlinthError ? error : noShell(error as Error)
    }
  }

  /** The run is over: leaves the jump hosts, each as soon as no machine behind it is connected any more. */
  close(): void {
    this.#links.close()
  }
}

/** Means the same to sh, csh and fish, whichever the user's login shell is. */
const shellCommand = 'exec /bin/sh'

/** What went wrong at a jump host, as a problem of the machine behind it. */
function about(name: string, error: unknown): unknown {
  if (!(error instanceof PlinthError) || error.problems.every(({ where }) => where.startsWith(`${name} `))) return error
  return unreachable(...error.problems.map((problem) => ({ ...problem, where: `${name} through ${problem.where}` })))
}

function machineChannel(link: Link, shell: Shell, lockFile?: string): MachineChannel {
  const channel = shellChannel(shell, lockFile)
  let locked = false
  return {
    ...channel,
    async lock(holder) {
      locked = true
      await channel.lock(holder)
    },
    askLocked(holder, questions, earlier) {
      locked = true
      return channel.askLocked(holder, questions, earlier)
    },
    async trace(trace) {
      const outcome = await shell.run(traceScript(trace), {}, traceSeconds)
      const problem = traceProblem(shell.host, outcome)
      if (problem) throw problem
      if (outcome.code === null) throw shell.gone()
    },
    tunnel: (host, port) => openTunnel(link.client, shell.host, host, port),
    async close() {
      // The lock is free once the shell is gone; without one there is nothing to wait for.
      await shell.close(locked ? 2 : 0)
      link.hangUp()
    },
  }
}
