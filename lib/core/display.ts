/** Text as people see it: how wide it is on a terminal, and how long something took. */
import { eastAsianWidth } from 'get-east-asian-width'

/** Columns that a text takes on a terminal: two for a Chinese character, none for a combining mark. */
export function width(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const one of text) columns += columnsOf(one)
  return columns
}

const columnsOf = (one: string): number =>
  /[\p{Mn}\p{Me}\p{Cc}\p{Cf}]/u.test(one) ? 0 : eastAsianWidth(one.codePointAt(0) ?? 0)

/**
 * How many rows of a terminal of so many columns are full before the one in which the text ends. A character that does not
 * fit begins the next row; at the end of a full row the terminal waits with the next one.
 */
export function rowsAbove(text: string, columns: number): number {
  let rows = 0
  let taken = 0
  for (const one of text) {
    const wide = columnsOf(one)
    if (taken + wide > columns) {
      rows++
      taken = 0
    }
    taken += wide
  }
  return rows
}

/** The text with blanks behind it (`start` to put them before it) up to so many columns. */
export const padded = (text: string, columns: number, side: 'end' | 'start' = 'end'): string => {
  const blanks = ' '.repeat(Math.max(0, columns - width(text)))
  return side === 'end' ? text + blanks : blanks + text
}

/** As much of the text as fits into so many columns, with `…` for the rest. */
export function cut(text: string, columns: number): string {
  let taken = 0
  let at = 0
  let end = 0
  // Each character is looked at once, and none behind those that fit.
  for (const one of text) {
    taken += columnsOf(one)
    if (taken > columns) return `${text.slice(0, end)}…`
    at += one.length
    if (taken < columns) end = at
  }
  return text
}

/** `0.3 s`, `59 s`, `2 min 05 s`, `1 h 02 min`. Tenths below ten seconds only where they are asked for. */
export function span(seconds: number, tenths = false): string {
  if (tenths && seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (number: number): string => String(number).padStart(2, '0')
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** `1 host`, `3 hosts`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
