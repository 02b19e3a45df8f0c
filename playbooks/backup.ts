/**
 * A consistent backup of database, node files and persistent instances of a cluster on this machine.
 *
 * @param [to=backups] a folder of its own is made in this one
 */
import { controllerPath, optional, params, perform } from 'plinth'
import { backup, mysqlHost, nacosNode, onlyOne, reviewed, sourceOf } from 'plinth/roles'

await perform((fleet, { force, now, version, storage }) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const databases = onlyOne(fleet.has('mysql') ? fleet.group('mysql', mysqlHost) : [])
  const { to } = fleet.parameters(params({ to: optional(controllerPath(), 'backups') }))
  const kept = storage(to)
  return {
    name: 'backup',
    actions: backup({ nodes, source: sourceOf(nodes, databases), storage: kept, now, version, force }),
    notes: [
      kept.sealed
        ? 'It holds the secrets of the cluster, encrypted with the vault password; only manifest.json and SHA256SUMS are not.'
        : 'It holds the secrets of the cluster in the clear: keep it where only root reads, or encrypt it with --vault-password-file.',
    ],
  }
})
