/** What `plinth/roles` offers to playbooks: the roles of a Nacos cluster, its members and its database, whole or in their parts. */
export { groupsExpected } from '../lib/nacos/cluster.ts'
export { type Manifest, manifestFile, readManifest } from '../lib/nacos/manifest.ts'
export { clusterConf, type Membership } from './cluster-conf.ts'
export { databaseAccepts } from './database-ready.ts'
export { type Archives, openDistributions } from './distributions.ts'
export { type JavaArchives, java, javaHome, javaParams } from './java.ts'
export { loginOf, type MysqlHost, mysqlHost, mysqlSchema, onlyOne } from './mysql-schema.ts'
export { nacosGroundwork, nacosMembership, nacosService } from './nacos.ts'
export { type BackupPlan, backup } from './nacos-backup.ts'
export { type Source, sourceOf } from './nacos-database.ts'
export { drain, undrain } from './nacos-drain.ts'
export { nacosHealthy } from './nacos-health.ts'
export { type NodeScope, toldBy, viewOf } from './nacos-http.ts'
export { type Installation, nacosInstall } from './nacos-install.ts'
export { leadershipOff, leadershipTo } from './nacos-leader.ts'
export { type Members, membersOf, type Told } from './nacos-members.ts'
export {
  databaseParams,
  memberOfNode,
  type NacosNode,
  type Node,
  nacosNode,
  nacosParams,
} from './nacos-node.ts'
export { type RestorePlan, restore } from './nacos-restore.ts'
export { reviewed } from './nacos-review.ts'
export { startNode, stopNode, unitState, waitHealthy } from './nacos-service-state.ts'
export { namedNode } from './named-node.ts'
export { type Service, systemdService } from './systemd-service.ts'
