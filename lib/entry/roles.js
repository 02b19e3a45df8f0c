/** `import … from 'plinth/roles'`: what roles/index.ts exports, from the bundle. */
import { library } from './library.js'

export const {
  clusterConf,
  databaseAccepts,
  databaseParams,
  groupsExpected,
  java,
  javaHome,
  javaParams,
  loginOf,
  memberOfNode,
  membersOf,
  mysqlHost,
  mysqlSchema,
  nacosGroundwork,
  nacosHealthy,
  nacosInstall,
  nacosMembership,
  nacosNode,
  nacosParams,
  nacosService,
  onlyOne,
  openDistributions,
  reviewed,
  systemdService,
  viewOf,
} = library.roles
