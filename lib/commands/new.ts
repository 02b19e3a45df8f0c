/** `plinth new`: a role or playbook to begin with, in the project that it is called in. */
import { exitCode, usageError } from '../core/error.ts'
import { suggestion } from '../core/nearest.ts'
import { needPackage, writeNew } from '../edge/project.ts'
import { type Command, readWords } from './command.ts'
import { type Files, identifierOf, playbookFiles, roleFiles } from './skeleton.ts'

const command_ = 'plinth new'

const help = `Usage: ${command_} role NAME | playbook NAME

Writes a skeleton that works, with its test, into the project in this folder. Nothing that is there is overwritten.

  role NAME       roles/NAME.ts and test/NAME.test.ts
  playbook NAME   playbooks/NAME.ts and test/NAME-playbook.test.ts

A name is of small letters, digits and dashes. The folder needs a package.json with "type": "module".

Examples:
  ${command_} role time-server
  npx tsx --test test/time-server.test.ts

Exit codes: 0 done, 4 usage.
`

const skeletons: Readonly<Record<string, (name: string) => Files>> = { role: roleFiles, playbook: playbookFiles }

/** Names that the language, or the skeleton itself, has another use for. */
const taken = new Set(
  `await break case catch class const continue debugger default delete do else enum export extends false finally for function
  if implements import in instanceof interface let new null package private protected public return static super switch this
  throw true try typeof var void while with yield arguments eval undefined file params
  role roleTest test text path greeting`.split(/\s+/),
)

function checkName(kind: string, name: string | undefined): string {
  const where = `${command_} ${kind}`
  if (name === undefined) throw usageError({ where, what: 'which name?', remedy: `write ${where} NAME` })
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40)
    throw usageError({
      where,
      what: `"${name}" can't be a name`,
      remedy: 'use small letters, digits and single dashes, up to 40, as in time-server',
    })
  if (taken.has(identifierOf(name)))
    throw usageError({
      where,
      what: `"${name}" is a word of the language, or of Plinth`,
      remedy: 'choose another name',
    })
  return name
}

export const command: Command = {
  help,
  actions: { role: 'nothing', playbook: 'nothing' },
  async run(words) {
    const [kind = '', given, ...more] = readWords(words, { help: { short: 'h' } }, command_).words
    const skeleton = Object.hasOwn(skeletons, kind) ? skeletons[kind] : undefined
    if (!skeleton)
      throw usageError({
        where: command_,
        what: kind === '' ? 'what?' : `"${kind}" is not known`,
        remedy: suggestion(kind, Object.keys(skeletons), 'kind'),
      })
    const name = checkName(kind, given)
    if (more.length > 0)
      throw usageError({
        where: `${command_} ${kind}`,
        what: `"${more[0]}" is not expected here`,
        remedy: `see ${command_} --help`,
      })
    needPackage()
    const files = skeleton(name)
    writeNew(files)
    const [, test] = files.keys()
    console.log([...files.keys()].map((path) => `written: ${path}`).join('\n'))
    console.log(`Run its test with: npx tsx --test ${test}`)
    return exitCode.done
  },
}
