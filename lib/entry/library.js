/**
 * Loads the bundle, and makes it anew first where the sources are not those it was made from. As a script with V8's code cache it starts
 * in a fifth of the time that its modules take one by one.
 */
import { isAscii } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import { written } from './atomic.js'
import { fingerprint } from './sources.js'
import { showSources } from './trace.js'

/** @typedef {typeof import('../package.ts')} Library */

const root = join(import.meta.dirname, '../..')
const path = join(root, 'dist/plinth.cjs')

/** @returns {Promise<string>} the bundle of what the sources are now */
async function current() {
  const now = fingerprint(root)
  const bytes = read(path)
  const there = bytes && (isAscii(bytes) ? bytes.toString('latin1') : bytes.toString())
  if (there !== undefined && (now === null || madeFrom(there) === now)) return there
  const { bundle } = await import('./build.js')
  return bundle()
}

/** @param {string} text */
function run(text) {
  const cache = join(root, `dist/${process.version}-${process.arch}.cache`)
  const earlier = unsealed(read(cache), text)
  const script = new Script(text, { filename: path, ...(earlier && { cachedData: earlier.code }) })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path))
  showSources(path, text)
  const library = /** @type {Library} */ (module.exports)
  const { partsUsed } = library
  const kept = script.cachedDataRejected ? undefined : earlier
  // By the end all is compiled that a run needs. What it did not need itself it has from the one before.
  process.once('exit', () => {
    const parts = new Set([...(kept?.parts ?? []), ...partsUsed])
    if (parts.size === kept?.parts.length) return
    // Another run may have kept its own meanwhile, which has more.
    const there = script.cachedDataRejected ? undefined : unsealed(read(cache), text)
    if (there?.parts.some((part) => !parts.has(part)) || there?.parts.length === parts.size) return
    const code = script.createCachedData()
    // A long run may have thrown away what only its beginning has called.
    written(cache, sealed(there && there.code.length > code.length ? there.code : code, [...parts], text))
  })
  return library
}

/** @param {string} text */
const madeFrom = (text) => text.slice(3, text.indexOf('\n'))
/** @param {Uint8Array} rest @param {string} text */
const seal = (rest, text) => createHash('sha256').update(madeFrom(text)).update(rest).digest()

/**
 * A digest, compiled code, and the parts of the library that it is of.
 * @param {Uint8Array} code @param {readonly string[]} parts @param {string} text
 */
function sealed(code, parts, text) {
  const rest = Buffer.concat([code, Buffer.from(`\n${parts.join(' ')}`)])
  return Buffer.concat([seal(rest, text), rest])
}

/** Compiled code of another bundle would run in its place, damaged code anyhow. @param {Buffer | undefined} file @param {string} text */
function unsealed(file, text) {
  const rest = file?.subarray(32)
  if (!file || !rest || !seal(rest, text).equals(file.subarray(0, 32))) return undefined
  const end = rest.lastIndexOf('\n')
  return { code: rest.subarray(0, end), parts: rest.toString('latin1', end).split(/\s/).filter(Boolean) }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** import() for an inventory that is a module: the bundle is a script and has none, and node alone reads no TypeScript. */
Reflect.set(globalThis, Symbol.for('plinth.import'), async (/** @type {string} */ url) => {
  const { tsImport } = await import('tsx/esm/api')
  return tsImport(url, import.meta.url)
})

/** Everything that lib/package.ts exports. */
export const library = run(await current())
