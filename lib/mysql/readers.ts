/** Questions to a MySQL server: each reader is one query that gives rows of two columns, `k` and `v`. */
import type { Reader } from '../core/probe.ts'

/** A string literal that means the same whatever the sql_mode: no backslash keeps its special sense. */
export const literal = (text: string): string => `CONVERT(0x${Buffer.from(text).toString('hex') || '00'} USING utf8)`

/** A name in backticks. */
export const name = (text: string): string => `\`${text.replaceAll('`', '``')}\``

const all = (values: readonly string[]): string => values.map(literal).join(', ')

/** The value of a system variable; none for one that this server does not know. `version` is one of them. */
export const variable: Reader = (names) => `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${all(names)})`

/** `charset|collation` of a schema. */
export const schema: Reader = (names) =>
  `SELECT SCHEMA_NAME AS k, CONCAT_WS('|', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME) AS v
FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (${all(names)})`

/** The names of all tables of a schema, a line each. */
export const tables: Reader = (schemas) =>
  `SELECT TABLE_SCHEMA AS k, TABLE_NAME AS v FROM information_schema.TABLES
WHERE TABLE_SCHEMA IN (${all(schemas)}) AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`

const tableKey = `CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)`

/** `engine|row format|collation` of a table `schema.table`. */
export const table: Reader = (keys) =>
  `SELECT ${tableKey} AS k, CONCAT_WS('|', ENGINE, ROW_FORMAT, TABLE_COLLATION) AS v FROM information_schema.TABLES
WHERE TABLE_SCHEMA IN (${all(schemasOf(keys))}) AND ${tableKey} IN (${all(keys)})`

/** Every column of a table `schema.table`: `name|type|nullable|charset|collation|extra|D or N|default`, in order. */
export const columns: Reader = (keys) =>
  `SELECT ${tableKey} AS k, CONCAT_WS('|', COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COALESCE(CHARACTER_SET_NAME, ''),
COALESCE(COLLATION_NAME, ''), EXTRA, IF(COLUMN_DEFAULT IS NULL, 'N', 'D'), COALESCE(COLUMN_DEFAULT, '')) AS v
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (${all(schemasOf(keys))}) AND ${tableKey} IN (${all(keys)})
ORDER BY TABLE_NAME, ORDINAL_POSITION`

/** Every indexed column of a table `schema.table`: `index|unique|column|prefix`, in order. */
export const indexes: Reader = (keys) =>
  `SELECT ${tableKey} AS k, CONCAT_WS('|', INDEX_NAME, 1 - NON_UNIQUE, COLUMN_NAME, COALESCE(SUB_PART, '')) AS v
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN (${all(schemasOf(keys))}) AND ${tableKey} IN (${all(keys)})
ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`

const schemasOf = (keys: readonly string[]): readonly string[] => [
  ...new Set(keys.map((key) => key.split('.')[0] ?? '')),
]

/** `plugin|HEX(authentication_string)` of an account `user@host`. */
export const account: Reader = (keys) =>
  `SELECT CONCAT(User, '@', Host) AS k, CONCAT_WS('|', plugin, HEX(authentication_string)) AS v FROM mysql.user
WHERE CONCAT(User, '@', Host) IN (${all(keys)})`

/** Every privilege an account `user@host` holds on a schema: `schema|PRIVILEGE`, a line each, the schema as it was written in the grant. */
export const privileges: Reader = (keys) =>
  keys
    .map((key) => {
      const at = key.lastIndexOf('@')
      const grantee = `'${key.slice(0, at)}'@'${key.slice(at + 1)}'`
      return `SELECT ${literal(key)} AS k, CONCAT_WS('|', TABLE_SCHEMA, PRIVILEGE_TYPE) AS v
FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ${literal(grantee)}`
    })
    .join(' UNION ALL ')

const host = `SUBSTRING_INDEX(CURRENT_USER(), '@', -1)`

/** `held` of a privilege on everything (`RELOAD`) that the account which asks holds itself, not by a role. */
export const ownPrivilege: Reader = (privileges) =>
  `SELECT PRIVILEGE_TYPE AS k, 'held' AS v FROM information_schema.USER_PRIVILEGES
WHERE GRANTEE = CONCAT('''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(${host}) - 1), '''@''', ${host}, '''')
AND PRIVILEGE_TYPE IN (${all(privileges)})`
