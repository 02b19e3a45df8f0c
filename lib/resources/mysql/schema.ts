import { checkNames } from '../../core/known-names.ts'
import { type Resource, resource } from '../../core/resource.ts'
import { isText, mistake, shown } from '../../core/told.ts'
import { name, schema as schemaReader } from '../../mysql/readers.ts'

const required = ['charset', 'collation']
const word = /^\w+$/

/**
 * A database with the given character set if it has to be created; the one of an existing database is left alone.
 * Throws a usage error for what can't be declared so.
 */
export function databaseSchema(
  schema: string,
  options: { readonly charset: string; readonly collation: string },
): Resource {
  if (!isText(schema)) throw mistake(databaseSchema, `the name of a schema is ${shown(schema)}`, 'give a text')
  checkNames(`schema:${schema}`, options, required)
  const { charset, collation } = options
  if (!word.test(charset) || !word.test(collation)) {
    const what = `schema ${schema}: expected the names of a charset and a collation, found ${shown(charset)} and ${shown(collation)}`
    throw mistake(databaseSchema, what, "write them as { charset: 'utf8mb4', collation: 'utf8mb4_bin' }")
  }
  const question = { reader: schemaReader, key: schema }
  return resource<{ readonly [key: string]: string; readonly present: string }>({
    id: `schema:${schema}`,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { present: 'yes' }),
    desired: { present: 'yes' },
    steps: () => [
      {
        say: `create database ${schema}`,
        run: `CREATE DATABASE IF NOT EXISTS ${name(schema)} CHARACTER SET ${charset} COLLATE ${collation}`,
      },
    ],
  })
}
