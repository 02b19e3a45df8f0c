/** The published schemas, to hold real output against. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { assert } from '../kit.ts'

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ },
})
const compiled = (path: string) =>
  ajv.compile(JSON.parse(readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')))
const schemas = {
  report: compiled('report.schema.json'),
  events: compiled('events.schema.json'),
  procedure: compiled('schema/procedure.json'),
  errand: compiled('schema/errand.json'),
}

/** How a value, as it comes back from its text, differs from what its schema describes. */
export function violations(name: keyof typeof schemas, value: unknown): readonly string[] {
  const validate = schemas[name]
  return validate(JSON.parse(JSON.stringify(value)))
    ? []
    : (validate.errors ?? []).map((error) => JSON.stringify(error))
}

/** Asserts that there are none. */
export const conforms = (name: keyof typeof schemas, value: unknown): void =>
  assert.equal(violations(name, value).slice(0, 3), [])
