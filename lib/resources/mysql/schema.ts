import { type Resource, resource } from '../../core/resource.ts'
import { name, schema as schemaReader } from '../../mysql/readers.ts'

/** A database with the given character set if it has to be created; the one of an existing database is left alone. */
export function databaseSchema(
  schema: string,
  { charset, collation }: { readonly charset: string; readonly collation: string },
): Resource {
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
