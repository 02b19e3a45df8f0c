/** `plinth vault generate`: the secrets that a playbook needs and nobody has given yet, made into the inventory's vault. */
import { basename, dirname, join } from 'node:path'
import { type ExitCode, exitCode, usageError } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { type SecretVariable, secretVariables } from '../core/missing-secrets.ts'
import { suggestion } from '../core/nearest.ts'
import { recipeText } from '../core/recipe.ts'
import { declaredGroups } from '../edge/declared.ts'
import { fileOfGroup, folderOf, generated, withSecrets } from '../edge/generate.ts'
import { inventoriesBeside } from '../edge/inventories-beside.ts'
import { loadInventory } from '../edge/inventory.ts'
import { baseOf, findSource, shownPath } from '../edge/inventory-sources.ts'
import type { Asker } from '../edge/terminal.ts'
import { writeAll } from '../edge/vault-file.ts'
import { passwordFiles } from '../edge/vault-password.ts'
import { table } from '../engine/report.ts'
import type { Given } from './command.ts'
import { keysOf, namedKeys, proven, sealingKey } from './vault-keys.ts'

const where = 'plinth vault generate'

/** Makes what is missing, file by file, and says so. With --check exit code 2 where something is. */
export async function generate(given: Given, asker: Asker): Promise<ExitCode> {
  const sources = given.all('inventory')
  const check = given.has('check')
  const keys = await (check ? namedKeys : keysOf)(given, asker)
  const inventory = await loadInventory(sources, { vaultKeys: keys, complete: false })
  const base = sources.map((source) => baseOf(findSource(source))).findLast((folder) => folder !== null)
  if (base === undefined || base === null)
    throw usageError({ where, what: 'hosts by name have no variables on disk', remedy: 'give -i a file or a folder' })
  const playbook = given.all('playbook').at(-1) ?? 'playbooks/site.ts'
  const declared = await declaredGroups(playbook)
  if (!declared.some(({ name }) => inventory.groups.has(name))) {
    const names = [...new Set(declared.map(({ name }) => name))].join(', ')
    const what = `the inventory has none of the groups of ${playbook} (${names})`
    throw usageError({ where, what, remedy: 'name another inventory with -i, or the playbook with --playbook' })
  }
  const { found, problems } = secretVariables(inventory, declared)
  if (problems.length > 0) throw usageError(...problems)
  const chosen = inGroup(found, given.all('group').at(-1))
  const missing = chosen.filter((one) => one.given === null)
  const files = [...grouped(missing, ({ group }) => shownPath(fileOfGroup(base, group)))]
  if (missing.length > 0) refuseShared(sources, passwordFiles(given.all('vault-id'), given.all('vault-password-file')))
  if (missing.length > 0 && !check) {
    const key = sealingKey(keys, given)
    await proven(key, inventory.hosts, asker)
    const written = files.map(([file, some]) => {
      const secrets = new Map(some.map(({ variable, recipe }) => [variable, generated(recipe)]))
      return { file, content: withSecrets(file, secrets, key, keys) }
    })
    for (const { file } of written) folderOf(file)
    await writeAll(written, 'the secrets are not in it')
  }
  console.log(told(chosen, (group) => shownPath(fileOfGroup(base, group)), check).join('\n'))
  return check && missing.length > 0 ? exitCode.differs : exitCode.done
}

/**
 * What is made for one inventory must not become another's: of a file those that lie beside it read the same folder.
 * @param passwords files that give passwords, and are no inventories
 */
function refuseShared(sources: readonly string[], passwords: readonly string[]): void {
  const files = sources.map(findSource).flatMap((source) => ('hosts' in source || source.folder ? [] : [source.path]))
  const file = files.at(-1)
  if (file === undefined) return
  const others = inventoriesBeside(file, [...files, ...passwords])
  if (others.length === 0) return
  const [folder, name] = [dirname(shownPath(file)), basename(file)]
  const certain = others.filter((other) => other.certain)
  const vars = join(folder, 'group_vars')
  const names = (certain.length > 0 ? certain : others).map((other) => other.name).join(', ')
  const what =
    certain.length > 0
      ? `${names} beside it reads ${vars} too, and would get its secrets`
      : `${names} beside it may be an inventory (nothing is run to find out), which would read ${vars} too, and get its secrets`
  const to = join(folder, name.replace(/\.\w+$/, ''), name)
  const orElse = certain.length > 0 ? '' : `, or ${names} to another folder`
  throw usageError({ where: shownPath(file), what, remedy: `move it to ${to}, with its variables${orElse}` })
}

function inGroup(found: readonly SecretVariable[], group: string | undefined): readonly SecretVariable[] {
  if (found.length === 0)
    throw usageError({
      where,
      what: 'no schema of the playbook says how a secret is made',
      remedy: 'see docs/secrets.md',
    })
  const groups = [...new Set(found.map((one) => one.group))]
  if (group === undefined) return found
  if (groups.includes(group)) return found.filter((one) => one.group === group)
  throw usageError({
    where: `--group ${group}`,
    what: 'no secret belongs there',
    remedy: suggestion(group, groups, 'group'),
  })
}

/** One line for each secret, never the secret. */
function told(chosen: readonly SecretVariable[], fileOf: (group: string) => string, check: boolean): readonly string[] {
  const rows = chosen.map(({ variable, recipe, group, given }) =>
    given === null
      ? [`+ ${variable}`, recipeText(recipe), `${check ? 'would be made in' : 'made, in'} ${fileOf(group)}`]
      : [`= ${variable}`, 'kept', `given at ${given}`],
  )
  return table(rows).map(({ text }) => text)
}
