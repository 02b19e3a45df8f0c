/**
 * What a process that runs has read, and what not, as far as that can be told from when it was started, by whom, and when
 * its files were changed. What is not certain is never taken for granted.
 */

/** What a unit's answer says of the start of its process, as properties by name: the lines of the reader `unit`. */
export type Properties = ReadonlyMap<string, string>

/**
 * The digest that the running process was started with, by our note of that start: for processes that show no
 * environment any more, and those of which it need not be read. Empty where the start was another one.
 */
export function notedInputs(properties: Properties): string {
  const [invocation = '', inputs = ''] = (properties.get('Inputs') ?? '').split(' ')
  const runs = /^(?:active|reloading|refreshing)$/.test(properties.get('ActiveState') ?? '')
  return runs && invocation !== '' && invocation === properties.get('InvocationID') ? inputs : ''
}

/** Seconds by which two clocks read one after the other may differ without one having jumped. */
const tolerance = 2

/**
 * True when the process was certainly started, and done with reading, before the file became what it is now.
 * It is not certain, and so false, when
 * - somebody else started it since Plinth did: it may have read an edit before the one that is seen;
 * - it can be told to read again (`systemctl reload`);
 * - the second of the change is that of the start, or is still to come, or the clock has jumped since the start.
 * @param changed when the file was changed, in seconds since 1970; NaN for what can't be known
 * @param settles seconds after its start in which the process reads
 */
export function neverRead(properties: Properties, changed: number, settles: number): boolean {
  const invocation = properties.get('InvocationID') ?? ''
  if (invocation === '' || invocation !== properties.get('Started') || properties.get('CanReload') !== 'no')
    return false
  const { started, now, steady } = clockOf(properties)
  // Written so that whatever is not known, NaN, comes out false.
  return steady && changed > started + settles && changed <= now
}

/**
 * True when all that it reads had certainly become what it is now before the process, or what runs before it, was
 * started: whoever did that, it has read what is there. Not for what systemd has read itself: its definition.
 * @param changed when each of its inputs was changed, in seconds since 1970; NaN for what can't be known
 */
export function hasRead(properties: Properties, changed: readonly number[]): boolean {
  const begun = secondsOf(properties.get('InactiveExitTimestamp') ?? '')
  // The kernel's time of a change is some milliseconds behind.
  return clockOf(properties).steady && changed.every((second) => second + 1 < begun)
}

/** When the process was started, what time it is, in seconds since 1970, and whether the clock has not jumped between. */
function clockOf(properties: Properties) {
  const started = startOf(properties)
  const startedUptime = Number(properties.get('ExecMainStartTimestampMonotonic') || Number.NaN) / 1e6
  const [now = Number.NaN, uptime = Number.NaN] = (properties.get('Now') ?? '').split(' ').map(Number)
  return { started, now, steady: Math.abs(now - uptime - (started - startedUptime)) <= tolerance }
}

const startOf = (properties: Properties): number => secondsOf(properties.get('ExecMainStartTimestamp') ?? '')

/**
 * Whether a file changed after a start that was not ours, or in its second: the process may have read what was there
 * before. By a clock that has jumped that can't be known, and so it may. Where systemd gives starts no name, none is known
 * to be somebody else's.
 * @param changed when the file was changed, in seconds since 1970; NaN for what can't be known
 */
export function mayHaveReadOther(properties: Properties, changed: number): boolean {
  const invocation = properties.get('InvocationID') ?? ''
  return invocation !== '' && invocation !== properties.get('Started') && changed >= startOf(properties)
}

/** Of systemd's text for a time in UTC (`Wed 2026-11-25 22:43:08 UTC`); NaN for anything else. */
const secondsOf = (text: string): number => {
  const found = /^\w+ (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text)
  return found ? Date.parse(`${found[1]}T${found[2]}Z`) / 1000 : Number.NaN
}
