/** HTML and XML by a template that escapes: what is not markup already is text, whatever it holds. */
import { visible } from '../core/visible.ts'

/** Markup that is not escaped again. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Piece = string | number | Markup | null | readonly Piece[]

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const piece = (value: Piece): string => {
  if (value === null) return ''
  if (value instanceof Markup) return value.text
  if (Array.isArray(value)) return value.map(piece).join('')
  // No XML has these: half a character, and none.
  const text = visible(String(value)).replace(/[\ufffe\uffff\p{Surrogate}]/gu, '\ufffd')
  return text.replace(/[&<>"']/g, (one) => named[one] ?? one)
}

/** Markup with every value escaped; a list becomes its pieces one after the other, null nothing. */
export const markup = (parts: TemplateStringsArray, ...values: readonly Piece[]): Markup =>
  new Markup(parts.map((part, i) => part + piece(values[i] ?? null)).join(''))
