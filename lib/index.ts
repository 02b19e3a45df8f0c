/** What the package `plinth` offers to playbooks and roles. Every name here is a promise: the rest of lib/ may change at any time. */
export type {
  Channel,
  Database,
  DatabaseLogin,
  Done,
  HttpRequest,
  HttpResponse,
  MachineChannel,
} from './core/channel.ts'
export {
  type ExitCode,
  exitCode,
  hostError,
  PlinthError,
  type Problem,
  problemText,
  unreachable,
  usageError,
} from './core/error.ts'
export type { Facts } from './core/facts.ts'
export type { DynamicInventory } from './core/inventory-dynamic.ts'
export type { Answers, Question, Reader } from './core/probe.ts'
export type { Recipe } from './core/recipe.ts'
export {
  type Action,
  type Change,
  type Definition,
  type Diff,
  type Plan,
  type Resource,
  resource,
  type State,
  type Step,
  type Upload,
  uploadAnew,
} from './core/resource.ts'
export { type Role, role } from './core/role.ts'
export {
  bytes,
  controllerPath,
  duration,
  flag,
  hostPath,
  type Infer,
  integer,
  ipAddress,
  list,
  oneOf,
  optional,
  type Params,
  params,
  port,
  record,
  refused,
  type Schema,
  secret,
  text,
} from './core/schema.ts'
export { lines, q, Script, sh } from './core/script.ts'
export { reveal, Secret, secretText, sha256 } from './core/secret.ts'
export type { Draft, Storage } from './core/storage.ts'
export { tagged } from './core/tagged.ts'
export type { Member, Sighting, Topology } from './core/topology.ts'
export { type Call, each } from './each.ts'
export { type CommandEnd, commandErrand } from './engine/command-errand.ts'
export type { Came, Errand, Found, Hand } from './engine/errand.ts'
export type { ArchiveSource, Fleet } from './engine/fleet.ts'
export {
  type Gate,
  type Host,
  type Look,
  type Machine,
  type Missing,
  type Play,
  type PlayOptions,
  play,
  type Scope,
  type Shown,
} from './engine/play.ts'
export {
  type Action as ProcedureAction,
  blocked,
  done,
  due,
  type Lock,
  type Procedure,
  passing,
  type Reach,
  type Sight,
  type Work,
} from './engine/procedure.ts'
export { type Line, type Tone, table } from './engine/report.ts'
export { inspect, main, type Seen } from './main.ts'
export { type Circumstances, perform } from './perform.ts'
export * as readers from './readers.ts'
export { group, user } from './resources/account.ts'
export { directory } from './resources/directory.ts'
export { type FileOptions, file } from './resources/file.ts'
export { type LineSetOptions, lineSet } from './resources/line-set.ts'
export { type AccountOptions, databaseAccount } from './resources/mysql/account.ts'
export { databaseSchema } from './resources/mysql/schema.ts'
export { distributionPackage } from './resources/package.ts'
export {
  type Ownership,
  ownershipStep,
  ownersOf,
  type PathStat,
  type PathState,
  pathQuestion,
  readPath,
  readStat,
  replaceFile,
} from './resources/path.ts'
export { type PropertiesOptions, properties } from './resources/properties.ts'
export { type Archive, type ReleaseOptions, release } from './resources/release.ts'
export { type RequirementOptions, requirement } from './resources/requirement.ts'
export { symlink } from './resources/symlink.ts'
export { environmentFile, startUnit, stopUnit, type UnitOptions, unit } from './resources/unit.ts'
export { inputOf } from './resources/unit-input.ts'
export { version } from './version.ts'
