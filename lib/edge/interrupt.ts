/** What signals mean to a run: the first ends it after the step in hand, another one ends it now. */

/**
 * Seconds in which another signal is still the same one. Ctrl-C comes to every process of the terminal, and npx and tsx
 * hand on what they got: one key arrives here two or three times, tens of milliseconds apart.
 */
const sameSeconds = 1

export interface Interrupts {
  /** Called once: the run is to end after the step in hand. */
  first(): void
  /** Called once, and only after `first`: the run is to end now. */
  again(): void
}

/**
 * Listens to SIGINT, SIGTERM and SIGHUP from now on.
 *
 * A terminal that is closed sends SIGHUP more than once (the kernel, and the shell before it goes), and a session that is
 * ended sends it after SIGTERM: it is a reason to end, and never one to hurry.
 * @returns aborted by the first of them, or by whoever else has a reason to end the run
 */
export function onInterrupt({ first, again }: Interrupts): AbortController {
  const controller = new AbortController()
  let since = 0
  let told = false
  let over = false
  const heard = (signal: NodeJS.Signals): void => {
    // Also where somebody else has a reason already: the first signal is never the second.
    if (!told) {
      told = true
      since = performance.now()
      controller.abort()
      first()
      return
    }
    if (over || signal === 'SIGHUP' || performance.now() - since < sameSeconds * 1000) return
    over = true
    again()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heard)
  return controller
}
