/** How a secret that nobody has given yet is made: a word in its schema, so that roles of one's own can say it too. */
import * as v from 'valibot'

/** Random bytes as text, or a word of random characters. */
export type Recipe =
  /** For keys that are read as Base64 or as hexadecimal digits. */
  | { readonly form: 'base64' | 'hex'; readonly bytes: number }
  /** Lower-case letters: for names. */
  | { readonly form: 'letters'; readonly length: number }
  /**
   * Letters of both cases, digits, `-` and `_`, at least one of each, a letter first: what rules for passwords want
   * (MySQL's validate_password), and nothing that a shell, SQL, a URL or a properties file would need quoted.
   */
  | { readonly form: 'password'; readonly length: number }

/** Bits of randomness below which a recipe is none for a secret. Names (`letters`) may have fewer: they are not the secret. */
const fewest = 96

/** Not by a name: what makes JSON Schemas copies those. The same in each copy of this module that a process has. */
const mark = Symbol.for('plinth.recipe')

/** The recipe as a piece of a schema. Throws for one that is too weak: a bug of the role that has it. */
export function recipeMetadata(recipe: Recipe) {
  const bits = 'bytes' in recipe ? recipe.bytes * 8 : recipe.length * (recipe.form === 'letters' ? 4.7 : 6)
  if (bits < (recipe.form === 'letters' ? 48 : fewest)) throw new Error(`a secret of ${Math.floor(bits)} bits is weak`)
  return v.metadata<unknown, Readonly<Record<symbol, unknown>>>({ [mark]: recipe } as never)
}

/** The recipe in a schema, or null. */
export function recipeOf(schema: v.GenericSchema): Recipe | null {
  return (Reflect.get(v.getMetadata(schema), mark) as Recipe | undefined) ?? null
}

/** What a recipe makes, in words. */
export const recipeText = (recipe: Recipe): string =>
  'bytes' in recipe
    ? `${recipe.bytes} random bytes, ${recipe.form === 'hex' ? 'hexadecimal' : 'Base64'}`
    : recipe.form === 'letters'
      ? `${recipe.length} random letters`
      : `a random password of ${recipe.length} characters`
