/**
 * Gives a cluster back what a backup holds, and proves it. The cluster is down meanwhile.
 *
 * @param from the folder of the backup, as in backups/NAME
 * @param [replace=false] true: other data that is there may be lost
 */
import { basename, dirname } from 'node:path'
import { controllerPath, flag, optional, params, perform, usageError } from 'plinth'
import { manifestFile, mysqlHost, nacosNode, onlyOne, readManifest, restore, reviewed, sourceOf } from 'plinth/roles'

await perform(async (fleet, { storage }) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const databases = onlyOne(fleet.has('mysql') ? fleet.group('mysql', mysqlHost) : [])
  const { from, replace } = fleet.parameters(
    params({ from: optional(controllerPath()), replace: optional(flag(), false) }),
  )
  const kept = storage(from === undefined ? 'backups' : dirname(from))
  const sets = await kept.sets()
  const set = sets.find((name) => from !== undefined && name === basename(from))
  if (set === undefined) {
    const what = from === undefined ? 'no backup is named' : 'there is no whole backup of this name'
    const there = sets.map((name) => `${kept.where}/${name}`).join(', ')
    throw usageError({
      where: `-e from=${from ?? 'FOLDER'}`,
      what,
      remedy: `name one; there ${there === '' ? 'is none' : `are: ${there}`} in ${kept.where}`,
    })
  }
  const manifest = readManifest((await kept.read(set, manifestFile)).toString(), `${kept.where}/${set}`)
  return {
    name: `restore of ${set}`,
    actions: restore({ nodes, source: sourceOf(nodes, databases), storage: kept, set, manifest, replace }),
  }
})
