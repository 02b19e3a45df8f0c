import { checkNames } from '../core/known-names.ts'
import { type Resource, resource } from '../core/resource.ts'
import { sh } from '../core/script.ts'
import { mistake, shown } from '../core/told.ts'
import { group as groupReader, user as userReader } from '../readers.ts'
import { isName } from './declared.ts'

interface Present {
  readonly [key: string]: string
  readonly present: string
}

/**
 * A system group. Its number is the system's choice and is left alone.
 * Throws a usage error for what can't be its name.
 */
export function group(name: string): Resource {
  checkName(group, 'group', name)
  const question = { reader: groupReader, key: name }
  return resource<Present>({
    id: `group:${name}`,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { present: 'yes' }),
    desired: { present: 'yes' },
    steps: () => [{ say: `add group ${name}`, run: sh`groupadd -r -- ${name}`.text }],
  })
}

interface UserState {
  readonly [key: string]: string
  readonly home: string
  readonly shell: string
  readonly group: string
}

const optionsOfUser = ['home', 'group']

/** The home of an account that has none. */
const nowhere = '/nonexistent'

function checkName(entry: (...args: never) => unknown, kind: 'user' | 'group', name: unknown): void {
  if (typeof name === 'string' && isName(name)) return
  const what = `expected the name of a ${kind}, found ${shown(name)}`
  throw mistake(entry, what, 'write it without spaces, : / , and + or - at its beginning; a number is none')
}

/** From the root on, and nothing that would end it in /etc/passwd. */
const plainHome = /^\/[^:\p{Cc}]*$/u

/**
 * A system user that nobody logs in as, with its primary group and home (which is not created here).
 * Throws a usage error for what can't be declared so.
 */
export function user(name: string, options: { readonly home: string; readonly group: string }): Resource {
  checkName(user, 'user', name)
  checkNames(`user:${name}`, options, optionsOfUser)
  const { home, group: primary } = options
  checkName(user, 'group', primary)
  if (typeof home !== 'string' || !plainHome.test(home))
    throw mistake(
      user,
      `home of user ${name}: expected a path that begins with /, found ${shown(home)}`,
      'write it whole',
    )
  const question = { reader: userReader, key: name }
  const shell = '/usr/sbin/nologin'
  return resource<UserState>({
    id: `user:${name}`,
    needs: [`group:${primary}`],
    probe: [question],
    read(answers) {
      const answer = answers(question)
      if (answer === '') return null
      const [home = '', shell = '', group = ''] = answer.split('|')
      return { home, shell, group }
    },
    desired: { home, shell, group: primary },
    // The account of a person, or of another program, is never turned into ours.
    blocked(_answers, actual) {
      if (actual === null) return []
      const there = 'the account is there already and'
      if (!/\/(nologin|false)$/.test(actual.shell))
        return [
          {
            where: `user:${name}`,
            what: `${there} logs in with ${actual.shell || 'a shell'}`,
            remedy: `choose another name, or take its login away yourself: usermod -s ${shell} ${name}`,
          },
        ]
      // None, and what useradd gives where none was asked for, are nobody's. Any other may have been ours, but who can tell?
      return [home, nowhere, `/home/${name}`].includes(actual.home)
        ? []
        : [
            {
              where: `user:${name}`,
              what: `${there} has the home ${actual.home}`,
              remedy: `choose another name, or give it over yourself: usermod -d ${home} ${name}`,
            },
          ]
    },
    steps: ({ actual }) => [
      actual === null
        ? { say: `add user ${name}`, run: sh`useradd -r -M -d ${home} -s ${shell} -g ${primary} -- ${name}`.text }
        : { say: `change user ${name}`, run: sh`usermod -d ${home} -s ${shell} -g ${primary} -- ${name}`.text },
    ],
  })
}
