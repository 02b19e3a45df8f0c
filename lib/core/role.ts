import type { Facts } from './facts.ts'
import type { Resource } from './resource.ts'
import type { Infer, Schema } from './schema.ts'

/** A pure function from typed parameters and facts to an ordered list of resources, with the schema of its parameters. */
export interface Role<S extends Schema, Extra = Record<never, never>> {
  readonly params: S
  /** `Extra` is what the playbook adds that no inventory says: members, archives, the home of the JDK. */
  resources(params: Infer<S> & Extra, facts: Facts): readonly Resource[]
}

/** Keeps the types of a role's parameters together. */
export const role = <S extends Schema, Extra = Record<never, never>>(definition: Role<S, Extra>): Role<S, Extra> =>
  definition
