/** Loaded before the playbook: every SIGUSR2 sets its clock, first ten years ahead, then ten years back. */
const years = 10 * 365 * 24 * 3600 * 1000
const RealDate = Date
let jumps = 0
const now = (): number => RealDate.now() + [0, years, -years][jumps % 3]!

class JumpingDate extends RealDate {
  constructor(...parts: [] | [value: string | number | Date]) {
    super(parts[0] ?? now())
  }

  static override now = now
}

globalThis.Date = JumpingDate as DateConstructor
process.on('SIGUSR2', () => {
  jumps++
  process.stderr.write(`the clock says ${new Date().getFullYear()}\n`)
})
