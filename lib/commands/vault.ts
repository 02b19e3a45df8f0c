/** `plinth vault`: Ansible's vaults, made, read and changed. The passwords and the secrets never stand in a command line. */
import { resolve } from 'node:path'
import { type ExitCode, exitCode, usageError } from '../core/error.ts'
import { suggestion } from '../core/nearest.ts'
import { type Asker, terminalAsker } from '../edge/terminal.ts'
import { isThere } from '../edge/text-file.ts'
import { sealVault } from '../edge/vault.ts'
import { readContent, stream, writeAll } from '../edge/vault-file.ts'
import { inlineValue } from '../edge/vault-inline.ts'
import { type Command, type Given, type Option, readWords } from './command.ts'
import { decrypt, edit, encrypt, rekey, view } from './vault-files.ts'
import { generate } from './vault-generate.ts'
import { keyOptions, keysOf, newKeyOf, sealingKey } from './vault-keys.ts'

const name = 'plinth vault'

/** Options that only some of the actions have. */
const special: Readonly<Record<string, Option & { readonly of: readonly string[] }>> = {
  'encrypt-vault-id': { takesValue: true, of: ['encrypt', 'edit', 'rekey', 'encrypt-string', 'generate'] },
  output: { takesValue: true, of: ['encrypt', 'decrypt', 'encrypt-string'] },
  'new-vault-id': { takesValue: true, of: ['rekey'] },
  'new-vault-password-file': { takesValue: true, of: ['rekey'] },
  name: { short: 'n', takesValue: true, of: ['encrypt-string'] },
  'stdin-name': { takesValue: true, of: ['encrypt-string'] },
  prompt: { short: 'p', of: ['encrypt-string'] },
  inventory: { short: 'i', takesValue: true, of: ['generate'] },
  playbook: { takesValue: true, of: ['generate'] },
  group: { takesValue: true, of: ['generate'] },
  check: { short: 'C', of: ['generate'] },
}

const help = `Usage: ${name} encrypt|decrypt|view|edit|rekey FILE … | encrypt-string | generate -i NAME  [options]

Ansible's vaults, in its own format (1.1, and 1.2 with ids): what ansible-vault writes is read here, and the other way.

  encrypt [FILE …]   encrypt whole files; without a FILE from stdin to stdout
  decrypt [FILE …]   the other way
  view FILE …        print what is in them; also files in which single values are encrypted
  edit FILE …        edit in $VISUAL or $EDITOR, in a file that only you can read
  rekey FILE …       give them another password, files and single values (!vault) in files
  encrypt-string     encrypt one value, from stdin or typed, and print the YAML to paste
  generate           make the secrets that a playbook needs and nobody has given; into group_vars/

      --vault-id ID@SOURCE           a password for one vault id: ID@FILE, ID@PROGRAM or ID@prompt; repeatable
      --vault-password-file FILE     file with the password, or program that prints it
  -J, --ask-vault-pass               ask for it; it is asked for anyhow where nothing else is given
      --encrypt-vault-id ID          which of several passwords encrypts
      --new-vault-id ID@SOURCE, --new-vault-password-file FILE    the new password of rekey; else it is asked for
      --output FILE                  write there (- for stdout), with encrypt, decrypt, encrypt-string
  -n, --name, --stdin-name NAME      the key to print before an encrypted string
  -p, --prompt                       type the string, also where a pipe could give it
  -i, --inventory NAME, --playbook FILE (playbooks/site.ts), --group NAME, -C, --check    with generate
  -h, --help                         print this

Examples:
  ${name} encrypt inventory/prod/group_vars/nacos/vault.yml
  pass show nacos/db | ${name} encrypt-string --name database_password --vault-id prod@~/.vault-prod
  ${name} generate -i prod --check
  ${name} rekey --vault-id old@prompt --new-vault-id prod@prompt inventory/prod/group_vars/*/vault.yml

Exit codes: 0 done, 1 some files are not done, 2 --check found some to make, 4 nothing touched, 130 interrupted.
`

type Act = (files: readonly string[], given: Given, asker: Asker) => Promise<ExitCode>

/** Files, or standard input where none is named. */
const orStream = (files: readonly string[]): readonly string[] => (files.length > 0 ? files : [stream])

/** Where the result goes, undefined for in place. Nothing that is there is replaced but the file that is read. */
const output = (given: Given, files: readonly string[]): string | undefined => {
  const to = given.all('output').at(-1)
  if (to === undefined) return to
  if (files.length > 1)
    throw usageError({
      where: '--output',
      what: `${files.length} files, and one place for them`,
      remedy: 'name one file',
    })
  if (to === stream || !isThere(to) || files.some((file) => resolve(file) === resolve(to))) return to
  const what = 'it is there already, and would be replaced'
  throw usageError({ where: `--output ${to}`, what, remedy: 'give another name, or remove it first' })
}

const actions: Readonly<Record<string, Act>> = {
  async encrypt(files, given, asker) {
    const to = output(given, files)
    await encrypt(orStream(files), sealingKey(await keysOf(given, asker, true), given), to)
    return exitCode.done
  },
  async decrypt(files, given, asker) {
    const to = output(given, files)
    await decrypt(orStream(files), await keysOf(given, asker), to)
    return exitCode.done
  },
  async view(files, given, asker) {
    await view(files, await keysOf(given, asker))
    return exitCode.done
  },
  async edit(files, given, asker) {
    const keys = await keysOf(given, asker)
    await edit(files, keys, given.has('encrypt-vault-id') ? sealingKey(keys, given) : undefined)
    return exitCode.done
  },
  async rekey(files, given, asker) {
    const keys = await keysOf(given, asker)
    const inSet = given.has('encrypt-vault-id') && !given.has('new-vault-id') && !given.has('new-vault-password-file')
    await rekey(
      files,
      keys,
      inSet ? sealingKey(keys, given) : sealingKey([await newKeyOf(given, asker)], given, '--new-vault-id'),
    )
    return exitCode.done
  },
  'encrypt-string': encryptString,
  generate: (_, given, asker) => generate(given, asker),
}

/** Without a terminal the value comes from standard input; one line break at its end is not part of it. */
async function encryptString(words: readonly string[], given: Given, asker: Asker): Promise<ExitCode> {
  const where = `${name} encrypt-string`
  if (words.length > 0)
    throw usageError({
      where,
      what: 'a secret in the command line can be seen by everybody here, and stays in the history of the shell',
      remedy: 'type it when it is asked for, or pipe it in',
    })
  const key = given.all('name').at(-1) ?? given.all('stdin-name').at(-1) ?? null
  if (key !== null && !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(key))
    throw usageError({
      where: '--name',
      what: `"${key}" is no name of a variable`,
      remedy: 'use letters, digits and _',
    })
  const to = output(given, []) ?? stream
  const sealing = sealingKey(await keysOf(given, asker, true), given)
  const typed = given.has('prompt') || process.stdin.isTTY
  const value = typed ? await typedTwice(asker) : await readContent(stream)
  const bytes = typed ? value : withoutBreak(value)
  if (bytes.length === 0) throw usageError({ where, what: 'an empty value', remedy: 'give one' })
  const vault = sealVault(bytes, sealing)
  await writeAll([{ file: to, content: inlineValue(vault, key) }], 'is as it was')
  return exitCode.done
}

function withoutBreak(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 10) return bytes
  return bytes.subarray(0, bytes.at(-2) === 13 ? -2 : -1)
}

async function typedTwice(asker: Asker): Promise<Buffer> {
  const otherwise = { where: `${name} encrypt-string`, remedy: 'pipe the value in' }
  const first = (await asker.secret('Value to encrypt: ', otherwise)).reveal()
  if ((await asker.secret('Once more: ', otherwise)).reveal() === first) return Buffer.from(first)
  throw usageError({ where: otherwise.where, what: 'the two values differ', remedy: 'type it again' })
}

const options = { ...keyOptions, ...special, help: { short: 'h' } }

export const command: Command = {
  help,
  options,
  actions: {
    ...Object.fromEntries(Object.keys(actions).map((action) => [action, 'files' as const])),
    'encrypt-string': 'nothing',
    generate: 'nothing',
  },
  async run(words) {
    const given = readWords(words, options, name)
    const [word = '', ...files] = given.words
    // Ansible's own spelling.
    const action = word.replace('encrypt_string', 'encrypt-string')
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined
    if (!act) {
      const what = word === '' ? 'what of it?' : `"${word}" is not known`
      throw usageError({ where: name, what, remedy: suggestion(word, Object.keys(actions), 'command') })
    }
    const where = `${name} ${action}`
    for (const [option, { of }] of Object.entries(special))
      if (given.has(option) && !of.includes(action))
        throw usageError({ where, what: `--${option} is for ${of.join(', ')}`, remedy: 'take it out' })
    if (files.length === 0 && ['view', 'edit', 'rekey'].includes(action))
      throw usageError({ where, what: 'which file?', remedy: 'name one or several' })
    if (files.length > 0 && action === 'generate')
      throw usageError({ where, what: `"${files[0]}" is not expected here`, remedy: 'name the inventory with -i' })
    return act(files, given, terminalAsker())
  },
}
