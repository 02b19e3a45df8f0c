/** What a process reads when it starts, and the note that it was touched. */
import { noted, type Resource } from '../core/resource.ts'
import { type Script, sh } from '../core/script.ts'
import { kindOf } from '../core/secret.ts'
import { isResource, mistake, shown } from '../core/told.ts'

/** Where the unit itself is. */
export const unitFile = (name: string): string => `/etc/systemd/system/${name}.service`

/**
 * Stands while an input has been touched and the process has not been started since. It has a line for each touch: the
 * second of the change before it, for whether the process can have read what was there; `-` where that can't be known.
 * Of the unit's own file, which systemd reads and not the process, with a `u` behind it. After `-` no other touch changes
 * anything, so none is noted. Nobody waits for it to be on the disk: a power cut that takes it takes the process too.
 */
export const staleFile = (name: string): string => `/etc/plinth/${name}.stale`

/**
 * An input of a unit that leaves a note before it is touched: a run that is killed between the change and the restart
 * must not leave a process behind that has read what is no longer there. The start takes the note away.
 * Throws a usage error for what is no name of a unit, or no resource.
 */
export function inputOf(name: string, input: Resource): Resource {
  checkName(inputOf, name)
  if (!isResource(input)) {
    const what = `the input of unit ${name} is ${kindOf(input)}, not a resource`
    throw mistake(inputOf, what, 'give what file(…) or another kind returns, one at a time')
  }
  return noted(input, notesOf(name, plainFile(input)))
}

/** What systemd takes, and no path. */
const plainName = /^[A-Za-z0-9:_.\\@-]+$/

/** Throws a usage error for what is no name of a unit. */
export function checkName(entry: (...args: never) => unknown, name: unknown): void {
  if (typeof name === 'string' && plainName.test(name)) return
  const what = `expected the name of a unit, found ${shown(name)}`
  throw mistake(entry, what, 'write letters, digits, : _ . @ \\ and -, without .service')
}

/** Made once for all hosts of a fleet that have such a unit and such a file. */
const knownNotes = new Map<string, readonly string[]>()

function notesOf(name: string, path: string | undefined): readonly string[] {
  const key = `${name} ${path}`
  const known = knownNotes.get(key)
  if (known) return known
  const stale = staleFile(name)
  const notes = [
    sh`if [ ! -d /etc/plinth ]; then mkdir -p -m 0700 /etc/plinth; fi
plinth_noted=
if [ -f ${stale} ]; then while read -r plinth_line; do case $plinth_line in -) plinth_noted=yes ;; esac; done <${stale}; fi
if [ ! "$plinth_noted" ]; then
  ${changeTimeOf(path, path === unitFile(name) ? '%Zu' : '%Z')} >>${stale} || exit 1
fi`.text,
  ]
  knownNotes.set(key, notes)
  return notes
}

/** Whether its change is noted for the unit. */
export const leavesNote = (name: string, { notes = [] }: Resource): boolean =>
  notes.some((note) => note.includes(staleFile(name)))

/** Prints when a file was changed last, in seconds since 1970; `-` for all else. */
const changeTimeOf = (path: string | undefined, format: '%Z' | '%Zu'): Script =>
  path === undefined
    ? sh`echo -`
    : sh`if [ -f ${path} ] && [ ! -L ${path} ]; then stat -c ${format} -- ${path}; else echo -; fi`

/** The path of an input that is one file. When a folder, a link or a package was changed can't be read from the host. */
export const plainFile = (input: Resource): string | undefined =>
  isPlainFile(input) ? input.id.slice(input.id.indexOf(':') + 1) : undefined

export const isPlainFile = ({ id }: Resource): boolean => /^(?:file|properties|line-set):\/.*$/.test(id)
