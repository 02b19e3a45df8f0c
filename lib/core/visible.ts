/** What a terminal would obey, or show in another order than it is read, made visible. */

const steering = /[^\P{Cc}\t\n]|[\p{Zl}\p{Zp}\u00a0\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\u2060\ufeff]/gu

/**
 * Text that a host, a file or an inventory may have written, fit for a screen: control characters other than tab and line
 * feed, those that turn the direction of writing, and blanks that look like another or like none, become `\x1b` and
 * `\u202e`.
 */
export const visible = (text: string): string =>
  text.replace(steering, (character) => {
    const code = character.charCodeAt(0)
    return code === 13 ? '\\r' : code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
  })

/**
 * A value as JSON that a terminal may show: the same to every program, with the characters of `visible` as `\u202e`, of which
 * JSON.stringify leaves most as they are (U+009B begins a command to a terminal as ESC and `[` do). `indent` as there.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(steering, (character) => `\\u${hex(character.charCodeAt(0), 4)}`)

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

/** The beginning of a text, for messages: nobody reads more of a name. */
export const brief = (text: string, most = 60): string => (text.length > most ? `${text.slice(0, most)}…` : text)
