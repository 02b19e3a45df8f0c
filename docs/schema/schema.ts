/**
 * JSON Schemas for editors, of the inventories that the shipped playbooks read: made of the schemas that a run itself
 * checks with. `npm run schema` writes them; test/schema.test.ts keeps them fresh.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { connectionVariables } from '../../lib/core/connection.ts'
import { mysqlHost } from '../../roles/mysql-schema.ts'
import { nacosNode } from '../../roles/nacos-node.ts'

interface Json {
  readonly [key: string]: unknown
}

/** `key:` with nothing after it undoes what a group says, and so stands for a value that may be left out. */
const orNothing = ({ type, enum: words, ...rest }: Json): Json => ({
  ...rest,
  ...(type === undefined ? {} : { type: [...new Set([type, 'null'].flat())] }),
  ...(words === undefined ? {} : { enum: [...new Set([words, null].flat())] }),
})

const primitive = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)

function jsonSchemaOf(schema: GenericSchema): Json {
  const { $schema: _, ...json } = toJsonSchema(schema, {
    typeMode: 'output',
    // What a value is for editors stands in its metadata; the checks themselves are code, and say nothing here.
    overrideAction: ({ jsonSchema }) => jsonSchema,
    overrideSchema({ valibotSchema, jsonSchema }) {
      const json = jsonSchema as Json
      if (valibotSchema.type === 'object_with_rest') return { ...json, additionalProperties: false }
      if (valibotSchema.type === 'custom') return { not: {} }
      if (valibotSchema.type !== 'optional') return null
      const { default: fallback, ...rest } = json
      return orNothing(primitive(fallback) ? { ...rest, default: fallback } : rest)
    },
  }) as Json
  return json
}

const entriesOf = (schema: { readonly entries: object }): readonly (readonly [string, Json])[] =>
  Object.entries(schema.entries).map(([name, inner]) => [name, jsonSchemaOf(inner as GenericSchema)])

/** A map of a role, without what it needs: one key of it may stand beside it, `nacos_port` for `port`, at any depth. */
function loose([name, { required: _, ...json }]: readonly [string, Json]): readonly [string, Json][] {
  const { properties = {} } = json as { readonly properties?: Readonly<Record<string, Json>> }
  const single = Object.entries(properties).flatMap(([key, inner]) => loose([`${name}_${key}`, inner]))
  return [[name, orNothing(json)], ...single]
}

const draft = 'http://json-schema.org/draft-07/schema#'

/** The schemas by the name of their file. */
export function inventorySchemas(): Readonly<Record<string, Json>> {
  const honoured = entriesOf(connectionVariables).filter(([, json]) => json.not === undefined)
  const roles = [...entriesOf(nacosNode), ...entriesOf(mysqlHost)].flatMap(loose)
  const variables = {
    title: 'Variables of the hosts of a Nacos cluster and its MySQL',
    type: ['object', 'null'],
    properties: Object.fromEntries([...honoured, ...roles, ['ansible_group_priority', { type: 'integer' }]]),
    additionalProperties: false,
  }
  const some = (inner: Json): Json => ({ type: ['object', 'null', 'string'], additionalProperties: inner })
  const inventory = {
    $schema: draft,
    title: 'Inventory of a Nacos cluster and its MySQL',
    type: 'object',
    additionalProperties: { $ref: '#/definitions/group' },
    definitions: {
      group: {
        type: ['object', 'null'],
        properties: {
          hosts: some({ $ref: '#/definitions/variables' }),
          vars: { $ref: '#/definitions/variables' },
          children: some({ $ref: '#/definitions/group' }),
        },
        additionalProperties: false,
      },
      variables,
    },
  }
  return { 'inventory.json': inventory, 'variables.json': { $schema: draft, ...variables } }
}

/** The text of a schema's file. */
export const schemaText = (schema: Json): string => `${JSON.stringify(schema, null, 1)}\n`

if (process.argv[1] === import.meta.filename)
  for (const [file, schema] of Object.entries(inventorySchemas()))
    writeFileSync(join(import.meta.dirname, file), schemaText(schema))
