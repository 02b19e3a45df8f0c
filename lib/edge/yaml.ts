/**
 * YAML as Plinth reads it: values that know their place, Ansible's tags, and one readable problem for what is wrong.
 *
 * Beyond YAML: the tags of yaml-tags.ts, and `!unsafe`. Jinja is not evaluated, and a
 * value that looks like it is an error: silently passing `{{ x }}` to a host would be worse.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { PlinthError } from '../core/error.ts'
import {
  type Located,
  type LocatedEntry,
  LocatedList,
  LocatedMap,
  LocatedScalar,
  type Place,
  placeText,
} from '../core/located.ts'
import { obstacle, syntaxMistake } from '../core/yaml-mistakes.ts'
import { plainValue } from '../core/yaml-words.ts'
import { readText } from './text-file.ts'
import { isVault, openVault } from './vault.ts'
import { commandValue, environmentValue, fileValue, type Surroundings, vaultValue } from './yaml-tags.ts'

/** What YAML's own tags begin with, and those of single values that mean something here: `!!binary` does not. */
const yamlTag = 'tag:yaml.org,2002:'
const plainTags = new Set(['str', 'int', 'float', 'bool', 'null', 'timestamp'].map((name) => `${yamlTag}${name}`))

/** Values in one file, aliases expanded: a bomb of aliases grows past it, an inventory of 5,000 hosts does not. */
const most = 200_000
/** Problems in one file that are gathered: nobody reads more, and the first explains the others. */
const mostProblems = 100

/**
 * The value in a YAML file, whole-file vaults opened; null when there is nothing in it, undefined when it could not be
 * read. `shown` is how messages name the file.
 */
export function readYamlFile(path: string, shown: string, around: Surroundings): Located | null | undefined {
  const opened = readOpened(path, shown, around)
  return opened && readYaml(opened.text, shown, around, opened.hidden)
}

/** The text of a file, and whether it was encrypted as a whole and so must not be shown; undefined when it can't be read. */
export function readOpened(
  path: string,
  shown: string,
  around: Surroundings,
): { readonly text: string; readonly hidden: boolean } | undefined {
  try {
    const text = readText(path, shown)
    if (!isVault(text)) return { text, hidden: false }
    return { text: openVault(text, around.vaultKeys, shown).reveal(), hidden: true }
  } catch (thrown) {
    if (!(thrown instanceof PlinthError)) throw thrown
    around.problems.push(...thrown.problems)
    return undefined
  }
}

/**
 * The value of YAML text; null when there is none, undefined when it could not be read.
 * `hidden` marks every scalar as not to be shown.
 */
export function readYaml(text: string, file: string, around: Surroundings, hidden = false): Located | null | undefined {
  return new Reader(text, file, around, hidden).read()
}

/** Thrown when reading on makes no sense; the problem is noted already. */
class Stop extends Error {}

class Reader {
  private readonly lines = new LineCounter()
  private readonly anchors = new Map<string, Located | null>()
  private readonly sizes = new Map<Located, number>()
  private total = 0
  private reported = 0

  private readonly text: string
  private readonly file: string
  private readonly around: Surroundings
  private readonly hidden: boolean

  constructor(text: string, file: string, around: Surroundings, hidden: boolean) {
    this.text = text
    this.file = file
    this.around = around
    this.hidden = hidden
  }

  read(): Located | null | undefined {
    const hindrance = obstacle(this.text)
    if (hindrance) {
      const lines = this.text.slice(0, hindrance.offset).split('\n')
      const at = { file: this.file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
      this.report(at, ...hindrance.mistake)
      return undefined
    }
    const document = parseDocument(this.text, {
      lineCounter: this.lines,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    })
    const [error] = document.errors
    if (error) {
      // The parser points at the end of the line before, where the one who reads looks for nothing.
      const gap = /^\s*\n[^\S\n]*(?=\S)/.exec(this.text.slice(error.pos[0]))?.[0].length ?? 0
      this.report(this.place(error.pos[0] + gap), ...syntaxMistake(error.code, error.message, this.hidden))
      return undefined
    }
    try {
      return document.contents === null ? null : this.node(document.contents as Node)
    } catch (thrown) {
      if (!(thrown instanceof Stop)) throw thrown
      return undefined
    }
  }

  private place(offset: number): Place {
    const { line, col } = this.lines.linePos(offset)
    return { file: this.file, line, column: col }
  }

  private report(at: Place, what: string, remedy: string): void {
    this.around.problems.push({ where: placeText(at), what, remedy })
    if (++this.reported >= mostProblems) throw new Stop()
  }

  private count(nodes: number, at: Place): void {
    this.total += nodes
    if (this.total <= most) return
    this.report(at, `more than ${most} values, aliases expanded`, 'remove the aliases that multiply')
    throw new Stop()
  }

  private node(node: Node): Located {
    const at = this.place(node.range?.[0] ?? 0)
    if (isAlias(node)) {
      const value = this.anchors.get(node.source)
      if (value) {
        this.count(this.sizes.get(value) ?? 1, at)
        return value
      }
      // The name is not shown: it may be a password that begins with an asterisk.
      if (value === null) this.report(at, 'an alias inside of its own anchor', 'write the value itself')
      else this.report(at, 'an alias without an anchor above it', 'put text that begins with "*" in quotes')
      return new LocatedScalar(at, null, '')
    }
    const before = this.total
    this.count(1, at)
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined
    if (anchor !== undefined) this.anchors.set(anchor, null)
    const value = isMap(node) ? this.map(node, at) : isSeq(node) ? this.list(node, at) : this.scalar(node as Scalar, at)
    if (anchor !== undefined) {
      this.anchors.set(anchor, value)
      this.sizes.set(value, this.total - before)
    }
    return value
  }

  private list(node: YAMLSeq, at: Place): Located {
    const command = node.tag === '!command'
    const place = command ? at : this.untagged(node, at)
    const list = new LocatedList(
      place,
      node.items.map((item) => this.node(item as Node)),
    )
    return command ? commandValue(list, at, this.around) : list
  }

  private map(node: YAMLMap, at: Place): Located {
    this.untagged(node, at)
    const wrapped = this.wrapped(node, at)
    if (wrapped) return wrapped
    const entries = new Map<string, LocatedEntry>()
    const merged: LocatedMap[] = []
    for (const { key, value } of node.items as { key: Node; value: Node | null }[]) {
      const where = this.place(key.range?.[0] ?? 0)
      const before = this.around.problems.length
      const located = value === null ? new LocatedScalar(where, null, '') : this.node(value)
      if (!isScalar(key)) {
        const jinja = this.text.startsWith('{{', (key.range?.[0] ?? 1) - 1)
        if (jinja) this.report(where, ...noJinja)
        else this.report(where, 'a key that is not a single word', 'write a text key')
        continue
      }
      const name = key.type === 'PLAIN' ? (key.source ?? '') : String(key.value)
      const known = entries.get(name)
      if (name === '<<' && key.type === 'PLAIN') {
        // An alias that means nothing is said already.
        if (this.around.problems.length === before) merged.push(...this.mergeable(located))
      } else if (known)
        this.report(where, `"${name}" is written twice`, `remove one, the other is at ${placeText(known.at)}`)
      else if (name === '' || name === '__proto__' || name === 'constructor' || name === 'prototype')
        this.report(where, name === '' ? 'a key without a name' : `"${name}" cannot be a key`, 'use another name')
      else entries.set(name, { at: where, value: located })
    }
    for (const map of merged) for (const [name, entry] of map.entries) if (!entries.has(name)) entries.set(name, entry)
    return new LocatedMap(at, entries)
  }

  /** How JSON has the tags of YAML: `{"__ansible_vault": "…"}`, as `ansible-inventory` writes it. */
  private wrapped(node: YAMLMap, at: Place): LocatedScalar | null {
    const [first] = node.items as { key: Node; value: Node | null }[]
    if (node.items.length !== 1 || !isScalar(first?.key) || !isScalar(first.value)) return null
    const text = String(first.value.value)
    if (first.key.value === '__ansible_vault') return vaultValue(text, at, this.around)
    return first.key.value === '__ansible_unsafe' ? new LocatedScalar(at, text, text, this.hidden) : null
  }

  private mergeable(value: Located): LocatedMap[] {
    const maps = value instanceof LocatedList ? value.items : [value]
    for (const map of maps)
      if (!(map instanceof LocatedMap)) this.report(map.at, '"<<" takes maps', 'write <<: *NAME of an anchored map')
    return maps.filter((map) => map instanceof LocatedMap)
  }

  private untagged(node: Node, at: Place): Place {
    const own = isMap(node) ? 'map' : 'seq'
    if (node.tag !== undefined && node.tag !== `${yamlTag}${own}`)
      this.report(at, `a tag on a ${isMap(node) ? 'map' : 'list'}`, 'remove it')
    return at
  }

  private scalar(node: Scalar, at: Place): LocatedScalar {
    const value = node.value
    const text = typeof value === 'string' ? value : (node.source ?? String(value ?? ''))
    switch (node.tag) {
      case '!vault':
        return vaultValue(text, at, this.around)
      case '!env':
        return environmentValue(text.trim(), at, this.around)
      case '!file':
        return fileValue(text.trim(), at, this.around)
      case '!command':
        return commandValue(new LocatedScalar(at, text, text), at, this.around)
      case '!unsafe':
        return new LocatedScalar(at, text, text, this.hidden)
    }
    if (node.tag !== undefined && !plainTags.has(node.tag))
      this.report(
        at,
        'an unknown tag',
        'use !vault, !env, !file, !command or !unsafe, or put text that begins with "!" in quotes',
      )
    else if (typeof value === 'string' && /\{\{|\{%/.test(value)) this.report(at, ...noJinja)
    // What a word without quotes is, YAML 1.1 says, as in Ansible; or a tag of YAML's own, such as !!str.
    const typed = node.tag === undefined ? node.type === 'PLAIN' : node.tag !== `${yamlTag}str`
    return new LocatedScalar(at, typed ? plainValue(text) : text, text, this.hidden)
  }
}

const noJinja = [
  'a Jinja expression, and these are not evaluated',
  'write the value itself or share it with a YAML anchor (&name, *name), or take it literally with !unsafe',
] as const
