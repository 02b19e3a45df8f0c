/**
 * Bundles lib/, roles/ and the packages they need into one file: hundreds of modules take many times as long to load as one. Run by
 * `npm install` and `npm pack`, and by whoever finds the bundle older than its sources.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { written } from './atomic.js'
import { fingerprint } from './sources.js'

const root = join(import.meta.dirname, '../..')

/** ssh2's own native code stays where its package is. @type {import('esbuild').Plugin} */
const native = {
  name: 'native',
  setup({ onResolve }) {
    onResolve({ filter: /sshcrypto\.node$/ }, () => ({
      path: 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node',
      external: true,
    }))
  },
}

/**
 * What is loaded with a client and nobody here uses: ssh2's server, tunnelled HTTP and making of keys, and what node-ssh copies whole
 * folders with. @type {import('esbuild').Plugin}
 */
const unused = {
  name: 'unused',
  setup({ onLoad }) {
    const filter = /[\\/](?:ssh2[\\/]lib[\\/](?:server|http-agents|keygen)|make-dir[\\/]index)\.js$/
    onLoad({ filter }, () => ({ contents: 'module.exports = {}' }))
  },
}

/**
 * Makes the bundle, and writes it to dist/ where that can be done.
 * @returns {Promise<string>} its text, the fingerprint of the sources in the first line
 * @throws Error, with what esbuild says, for a source that can't be parsed or an import that leads nowhere
 */
export async function bundle() {
  // Before anything is read: what changes from now on makes the next run build again.
  const made = fingerprint(root)
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['lib/package.ts'],
    outfile: 'dist/plinth.cjs',
    bundle: true,
    platform: 'node',
    target: 'node20.12',
    format: 'cjs',
    // One file, whose parts run when they are first wanted. Templates become strings, which esbuild writes in ASCII.
    supported: { 'dynamic-import': false, 'template-literal': false },
    minifyWhitespace: true,
    // The line of an uncaught error is shown.
    lineLimit: 120,
    define: { 'import.meta.url': '__url' },
    banner: {
      js: `// ${made}\n(function (exports, require, module, __filename, __dirname) { const __url = require('node:url').pathToFileURL(__filename).href`,
    },
    footer: { js: '})' },
    legalComments: 'external',
    sourcemap: 'external',
    sourcesContent: false,
    external: ['cpu-features'],
    plugins: [native, unused],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const textOf = (/** @type {string} */ end) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  const script = textOf('.cjs')
  written(join(root, 'dist/plinth.cjs.map'), textOf('.map').replace('{', `{"x_fingerprint": "${made}",`))
  written(join(root, 'dist/LICENSES.txt'), `${licenses(Object.keys(metafile.inputs))}\n${textOf('.LEGAL.txt')}`)
  written(join(root, 'dist/plinth.cjs'), script)
  return script
}

/** The licences of all packages that are in the bundle. @param {readonly string[]} inputs */
function licenses(inputs) {
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
      const file = readdirSync(join(root, folder)).find((one) => /^(licen[cs]e|copying)/i.test(one))
      const text = file === undefined ? '' : `\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`
      return `${name} ${version} (${license})\n${text}`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle()
