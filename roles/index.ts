/** What `plinth/roles` offers to playbooks: the roles of a Nacos cluster, its members and its database, whole or in their parts. */
export { groupsExpected } from '../lib/nacos/cluster.ts'
export { clusterConf, type Membership } from './cluster-conf.ts'
export { databaseAccepts } from './database-ready.ts'
export { type Archives, openDistributions } from './distributions.ts'
export { type JavaArchives, java, javaHome, javaParams } from './java.ts'
export { loginOf, type MysqlHost, mysqlHost, mysqlSchema, onlyOne } from './mysql-schema.ts'
export { nacosGroundwork, nacosMembership, nacosService } from './nacos.ts'
export { nacosHealthy } from './nacos-health.ts'
export { type NodeScope, viewOf } from './nacos-http.ts'
export { type Installation, nacosInstall } from './nacos-install.ts'
export { type Members, membersOf, type Told } from './nacos-members.ts'
export {
  databaseParams,
  memberOfNode,
  type NacosNode,
  type Node,
  nacosNode,
  nacosParams,
  reviewed,
} from './nacos-node.ts'
export { type Service, systemdService } from './systemd-service.ts'
