/** Stack traces of bugs name the lines of the sources. */
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'

/**
 * From now on what ends this process names the sources instead of the bundle.
 * @param {string} bundle its path
 * @param {string} text what it says
 */
export function showSources(bundle, text) {
  process.on('uncaughtExceptionMonitor', (error) => {
    if (!(error instanceof Error) || !error.stack?.includes(bundle)) return
    try {
      const payload = JSON.parse(readFileSync(`${bundle}.map`, 'utf8'))
      if (payload.x_fingerprint !== text.slice(3, text.indexOf('\n'))) return
      error.stack = mapped(error.stack, bundle, new SourceMap(payload))
    } catch {
      // The trace stays that of the bundle.
    }
  })
}

/** @param {string} stack @param {string} bundle @param {SourceMap} map */
const mapped = (stack, bundle, map) =>
  stack.replaceAll(/([^\s()]+):(\d+):(\d+)/g, (place, path, line, column) => {
    if (path !== bundle) return place
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1)
    if (!('originalSource' in entry)) return place
    const { originalSource, originalLine, originalColumn } = entry
    return `${resolve(dirname(bundle), originalSource)}:${originalLine + 1}:${originalColumn + 1}`
  })
