/**
 * Inventories in Ansible's INI form: host lines with key=value pairs, `[group]`, `[group:vars]`, `[group:children]`.
 * (ansible-core 2.19, lib/ansible/plugins/inventory/ini.py.)
 */
import type { Draft } from './inventory-draft.ts'
import type { LocatedEntry, Place } from './located.ts'
import { nearest, suggestion } from './nearest.ts'
import { pythonValue } from './python-literal.ts'
import { shellWords } from './shell-words.ts'
import { brief } from './visible.ts'

const section = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/
const groupName = /^([^:\]\s]+)\s*(?:#.*)?$/
const kinds = ['hosts', 'children', 'vars']
/** Characters in a line. A longer one is no inventory, and would take long to take apart. */
const longest = 64 * 1024

/** Reads the text of a file into the draft; `file` is its name in messages, `hidden` that it was encrypted. */
export function readIniInventory(draft: Draft, text: string, file: string, hidden = false): void {
  new IniReader(draft, file, hidden).read(text)
}

class IniReader {
  private group: string | null = 'ungrouped'
  private kind = 'hosts'
  /** Groups that only `[group:vars]` names so far. */
  private readonly unfounded = new Map<string, Place>()
  /** Groups that are children and have no section yet, with their parents. */
  private readonly expected = new Map<string, { readonly parent: string; readonly at: Place }[]>()
  private empty = true

  private readonly draft: Draft
  private readonly file: string
  private readonly hidden: boolean

  constructor(draft: Draft, file: string, hidden: boolean) {
    this.draft = draft
    this.file = file
    this.hidden = hidden
  }

  read(text: string): void {
    const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
    for (const [index, raw] of lines.entries()) {
      const line = raw.trim()
      const at = { file: this.file, line: index + 1, column: raw.length - raw.trimStart().length + 1 }
      if (line !== '' && !/^[;#]/.test(line)) this.line(line, at)
    }
    for (const [name, [first]] of this.expected)
      if (first)
        this.undefinedGroup(name, first.at, `group "${name}" in the children of "${first.parent}" is not defined`)
    for (const [name, at] of this.unfounded)
      this.undefinedGroup(name, at, `[${name}:vars], and there is no group "${name}"`)
    if (this.empty)
      this.draft.report(
        { file: this.file, line: 1, column: 1 },
        'an empty inventory',
        'write a line with the name of a host',
      )
  }

  private undefinedGroup(name: string, at: Place, what: string): void {
    const meant = nearest(
      name,
      this.draft.tree.names.filter((known) => known !== name),
    )
    if (this.draft.tree.hosts.has(name)) {
      this.draft.report(
        at,
        `"${name}" is a host, not a group`,
        'write its variables behind its name, and it into a [GROUP]',
      )
      return
    }
    this.draft.report(at, what, `${meant === null ? '' : `did you mean "${meant}"? or `}write [${name}] with its hosts`)
  }

  private line(line: string, at: Place): void {
    this.empty = false
    if (line.length > longest) {
      this.draft.report(at, `a line of more than ${longest} characters`, 'name the right file')
      return
    }
    if (line.startsWith('[') && !this.isHost(line)) this.section(line, at)
    else if (this.group === null) return
    else if (this.kind === 'hosts') this.hostLine(this.group, line, at)
    else if (this.kind === 'vars') this.variableLine(this.group, line, at)
    else this.childLine(this.group, line, at)
  }

  /** `[::1]:22` and `[1:3].example` begin with a bracket and are no section. */
  private isHost(line: string): boolean {
    return this.kind === 'hosts' && !section.test(line) && /^\[[^\]\s]*:[^\]\s]*\][^\s#]/.test(line)
  }

  private section(line: string, at: Place): void {
    const [, name, kind = 'hosts'] = section.exec(line) ?? []
    this.group = null
    const [head = ''] = /^\[[^\]\s]+\](?=.*\S)/.exec(line) ?? []
    if (name === undefined && head !== '' && section.test(head)) {
      this.draft.report(at, `something stands behind "${brief(head)}"`, 'write it on a line of its own')
      return
    }
    if (name === undefined) {
      this.draft.report(
        at,
        // What stands behind the bracket may be a secret.
        `"${brief(/^[^\]]*\]?/.exec(line)?.[0] ?? '')}" is no section`,
        'write [group], [group:vars] or [group:children], without spaces',
      )
      return
    }
    if (!kinds.includes(kind)) {
      this.draft.report(at, `[${name}:${kind}] is of no known kind`, suggestion(kind, kinds, 'kind'))
      return
    }
    const known = this.draft.tree.has(name)
    if (!this.draft.group(name, at)) return
    this.group = name
    this.kind = kind
    if (kind === 'vars') {
      if (!known && !this.expected.has(name)) this.unfounded.set(name, at)
      return
    }
    this.unfounded.delete(name)
    for (const { parent, at } of this.expected.get(name) ?? []) this.draft.child(parent, name, at)
    this.expected.delete(name)
  }

  private hostLine(group: string, line: string, at: Place): void {
    const [host, ...pairs] = shellWords(line, { comments: true }) ?? []
    if (!host) {
      if (line.endsWith('\\')) this.draft.report(at, 'a backslash at the end of the line', 'remove it')
      else this.draft.report(at, 'a quote that does not end', 'end it, or put a backslash before it')
      return
    }
    if (/^---|:$/.test(host.text) && pairs.length === 0) {
      this.draft.report(at, 'this looks like YAML', 'name the file .yaml')
      // Every other line would be one more.
      this.group = null
      return
    }
    // A value may be a secret.
    if (host.text.includes('=')) {
      this.draft.report(
        at,
        'key=value without a host before it',
        'begin the line with a host, or write it below [GROUP:vars]',
      )
      return
    }
    const vars = new Map<string, LocatedEntry>()
    for (const { text, from } of pairs) {
      const place = { ...at, column: at.column + from }
      const cut = text.indexOf('=')
      if (cut > 0 && this.set(vars, text.slice(0, cut), text.slice(cut + 1), place)) continue
      // The word itself may be the end of a password with a space in it.
      const remedy = 'put a value with spaces in quotes, and no spaces around "="'
      if (cut <= 0) this.draft.report(place, 'a word that is not key=value', remedy)
      // Of a line that is torn apart every word would be one more.
      break
    }
    this.draft.hosts(group, host.text, at, vars)
  }

  private variableLine(group: string, line: string, at: Place): void {
    const cut = line.indexOf('=')
    const vars = new Map<string, LocatedEntry>()
    if (cut < 0) this.draft.report(at, `in [${group}:vars]: a line that is not key=value`, 'write key=value')
    else this.set(vars, line.slice(0, cut).trim(), line.slice(cut + 1).trim(), at)
    for (const [name, entry] of vars) this.draft.variable(group, name, entry)
  }

  /** False, with a problem noted, for what can't be one. */
  private set(vars: Map<string, LocatedEntry>, key: string, text: string, at: Place): boolean {
    const place = { ...at, column: at.column + key.length + 1 }
    if (/\{\{|\{%/.test(text)) this.draft.report(place, ...noJinja)
    else if (/^!(?:vault|env|file|command|unsafe)\b/.test(text)) this.draft.report(place, ...noTags)
    else if (key === '' || key === '__proto__') this.draft.report(at, `"${key}" cannot be a key`, 'write key=value')
    else {
      vars.set(key, { at, value: pythonValue(text, place, this.hidden) })
      return true
    }
    return false
  }

  private childLine(group: string, line: string, at: Place): void {
    const child = groupName.exec(line)?.[1]
    if (child === undefined)
      this.draft.report(at, `in [${group}:children]: "${brief(line)}" is no group`, 'write one name on a line')
    else if (this.draft.tree.has(child)) this.draft.child(group, child, at)
    else this.expected.set(child, [...(this.expected.get(child) ?? []), { parent: group, at }])
  }
}

const noTags = [
  'a tag of YAML, and INI has none',
  'write it in group_vars/ or host_vars/ beside the inventory, which are YAML',
] as const

const noJinja = [
  'a Jinja expression, and these are not evaluated',
  'write the value itself, or give it to the hosts by a group',
] as const
