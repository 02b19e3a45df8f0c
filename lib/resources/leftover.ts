/**
 * What Plinth once declared on a host and no longer does: the resources that remove it. Only what can be removed without
 * a second thought has one; the rest is for people to look at.
 */
import { posix } from 'node:path'
import type { Problem } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Resource, resource, type State } from '../core/resource.ts'
import { lines, Script, sh } from '../core/script.ts'
import { enter, enterAndHold, entered } from '../core/way.ts'
import { entries, realPath } from '../readers.ts'
import { hereOf, pathQuestion, readPath, readStat } from './path.ts'
import { archiveFolder } from './release.ts'
import { environmentFile, readUnit, startedFile, unitQuestion } from './unit.ts'
import { staleFile, unitFile } from './unit-input.ts'

/**
 * The resource that removes what this id once stood for (`file:/etc/app.conf`), with the same id: its plan is `remove`
 * while it is there, `keep` when it is gone. It is blocked while a path among `kept` leads through it. Undefined for what must
 * not be removed blindly (a package, an account, a release, the keys of a properties file, what is in a database), for a
 * unit whose files are among `kept`, for folders of the system and of Plinth itself, and for an id that is none.
 *
 * Several are removed in the reverse order of their declaration: a unit before its files, a directory after its content.
 */
export function leftover(id: string, kept: ReadonlySet<string> = new Set()): Resource | undefined {
  const colon = id.indexOf(':')
  const kind = id.slice(0, colon)
  const key = id.slice(colon + 1)
  if (kind === 'unit') {
    if (!/^[A-Za-z0-9:_.@-]+$/.test(key)) return undefined
    return [unitFile(key), environmentFile(key)].some((path) => kept.has(path)) ? undefined : removedUnit(key)
  }
  if (!key.startsWith('/') || key === '/' || posix.normalize(key) !== key || key.endsWith('/') || unusual.test(key))
    return undefined
  switch (kind) {
    // Of `properties` only some keys were ours: the file may be somebody else's.
    case 'file':
    case 'line-set':
      return removedFile(id, key, 'file', kept)
    case 'symlink':
      return removedFile(id, key, 'link', kept)
    case 'directory':
      return stays.has(key) || posix.dirname(key) === '/' ? undefined : removedDirectory(id, key, kept)
    default:
      return undefined
  }
}

/** What no path of ours holds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const unusual = /[\0-\x1f]/

/** Where Plinth keeps what it must remember, whatever is declared. */
const stays = new Set([posix.dirname(environmentFile('x')), archiveFolder])

/** Only what is still of the kind that was declared is taken for ours. */
function otherWarning(path: string, type: string | undefined, declared: string): readonly Problem[] {
  if (type === undefined || type === declared) return []
  const what = `a ${type} is where a ${declared} was declared once; it is left alone`
  return [{ where: path, what, remedy: 'remove it yourself if nobody needs it' }]
}

const folderOf = (path: string): Question => ({ reader: realPath, key: posix.dirname(path) })

/**
 * What is against removing a path of which something is there. Its name alone tells little: it may be the way to what is
 * declared; a link above it may have been switched, and then it is none of ours; and what is declared may lead here by a link.
 */
function standing(path: string, kept: ReadonlySet<string>) {
  const inside = [...kept].find((other) => other.startsWith(`${path}/`))
  // By whatever links: the name at the end stays.
  const name = posix.basename(path)
  const alike = [...kept].filter((one) => one.startsWith('/') && posix.basename(one) === name && !unusual.test(one))
  const folder = folderOf(path)
  const because = (what: string, remedy: string): readonly Problem[] => [{ where: path, what, remedy }]
  return {
    probe: [folder, ...alike.map(folderOf)],
    problems(answers: Answers): readonly Problem[] {
      if (inside !== undefined)
        return because(
          `it is declared no more, and ${inside}, which is, leads through it`,
          'declare it again, or have what is in it elsewhere',
        )
      const real = answers(folder)
      if (real !== '')
        return because(
          `it is declared no more, and is reached through a link: ${folder.key} is ${real}`,
          'see whether anybody needs it, and remove it yourself',
        )
      const same = alike.find((one) => answers(folderOf(one)) === folder.key)
      return same === undefined ? [] : because(`it is what is declared as ${same}, by way of a link`, 'leave it')
    },
  }
}

function removedFile(id: string, path: string, type: 'file' | 'link', kept: ReadonlySet<string>): Resource {
  const { probe, problems } = standing(path, kept)
  return resource<State>({
    id,
    probe: [pathQuestion(path), ...probe],
    // With its size and time, so that a saved plan removes no other content than was there when it was made.
    read(answers) {
      const found = readStat(answers, path)
      if (found?.type !== type) return null
      const { bytes, changed, ...state } = found
      return { ...state, size: String(bytes), 'last change': String(changed) }
    },
    desired: null,
    warn: (answers) => otherWarning(path, readPath(answers, path)?.type, type),
    blocked: (answers, actual) => (actual === null ? [] : problems(answers)),
    steps: () => [
      { say: `remove ${path}`, run: lines(enter(posix.dirname(path)), sh`rm -f -- ${hereOf(path)}`, sh`sync .`).text },
    ],
  })
}

/** What the folder is called that one is in. */
const nameOfHere = new Script('${PWD##*/}')

/** Files that a killed run left: the sweep of `replaceFile` has nobody any more who would call it. */
const isOurs = (name: string): boolean => name.startsWith('.plinth.')

function removedDirectory(id: string, path: string, kept: ReadonlySet<string>): Resource {
  const question = { reader: entries, key: path }
  const { probe, problems } = standing(path, kept)
  return resource<State>({
    id,
    probe: [pathQuestion(path), question, ...probe],
    read(answers) {
      const state = readPath(answers, path)
      return state?.type === 'directory' ? state : null
    },
    desired: null,
    warn: (answers) => otherWarning(path, readPath(answers, path)?.type, 'directory'),
    blocked(answers, actual, pending) {
      if (actual === null) return []
      const against = problems(answers)
      if (against.length > 0) return against
      const going = new Set([...pending].map((other) => other.slice(other.indexOf(':') + 1)))
      const left = answers(question)
        .split('\n')
        .filter((name) => name !== '' && !isOurs(name) && !going.has(`${path}/${name}`))
      if (left.length === 0) return []
      const named = left.slice(0, 5).join(', ')
      const more = left.length > 5 ? ` and ${left.length - 5} more` : ''
      const remedy = 'see whether anybody needs that, and remove it yourself'
      return [{ where: path, what: `the directory is declared no more, and is not empty: ${named}${more}`, remedy }]
    },
    steps: () => [
      {
        say: `remove directory ${path}`,
        // Never more than what is empty: what came since it was looked at stays, and the step fails.
        run: lines(
          enterAndHold(posix.dirname(path)),
          sh`cd -P -- ${hereOf(path)}
if [ ! .. -ef ${entered} ] || [ "${nameOfHere}" != ${posix.basename(path)} ]; then
  echo ${`${path} is a link, or was replaced at this moment`} >&2
  exit 1
fi
rm -rf -- ./.plinth.*
cd -P ${entered}
rmdir -- ${hereOf(path)}
sync .`,
        ).text,
      },
    ],
  })
}

/** A service with everything that `unit` made for it: what runs, what starts it at boot, and the files. */
function removedUnit(name: string): Resource {
  const service = `${name}.service`
  const files = [staleFile(name), startedFile(name), environmentFile(name), unitFile(name)]
  return resource<State>({
    id: `unit:${name}`,
    probe: [unitQuestion(name), ...files.map(pathQuestion)],
    read(answers) {
      const { load, active, enabled, inputs, reload } = readUnit(answers, name)
      const there = files.filter((path) => readPath(answers, path)?.type === 'file')
      const own = there.includes(unitFile(name))
      // Of the same name in another folder there may be one that is not ours.
      const runs = active !== '' && active !== 'inactive' && (own || load === 'not-found' || inputs !== '')
      if (there.length === 0 && !runs && reload !== 'yes') return null
      return { files: there.join(' '), active: runs ? active : 'inactive', enabled: own ? enabled : '' }
    },
    desired: null,
    disrupts: ({ actual }) => actual?.active !== 'inactive' && actual?.active !== 'failed',
    steps: ({ actual }) => [
      ...(actual?.active === 'inactive'
        ? []
        : [{ say: `stop ${service}`, deadline: 180, run: sh`systemctl stop -- ${service}`.text }]),
      ...(actual?.enabled === '' || actual?.enabled === 'disabled'
        ? []
        : [{ say: `disable ${service}`, run: sh`systemctl disable -q -- ${service}`.text }]),
      {
        say: `remove ${service}`,
        // systemctl disables nothing of which the file is gone.
        run: sh`rm -f -- ${files}
for l in ${posix.dirname(unitFile(name))}/*.wants/${service}; do
  if [ -L "$l" ] && [ ! -e "$l" ]; then rm -f -- "$l"; fi
done
sync ${posix.dirname(unitFile(name))}
systemctl daemon-reload
systemctl reset-failed -- ${service} 2>/dev/null || :`.text,
      },
    ],
  })
}
