/**
 * Writes properties-corpus.json: tricky properties texts and what a real java.util.Properties makes of each.
 * Run by hand where there is a JDK 11 or newer: `npx tsx test/nacos/properties-corpus.gen.ts`. The tests need no Java.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { randomText } from './random-properties.ts'

const byHand = [
  '',
  '\n',
  'a',
  'a=',
  '=b',
  ':b',
  ' = ',
  'a b',
  'a\tb',
  'a\fb',
  'a = b',
  'a : = b',
  'a  =  b  ',
  'a==b',
  'a::b',
  'a\\=b=c',
  'a\\:b:c',
  'a\\ b c',
  'a\\\\=b',
  '# c\na=1',
  '! c\na=1',
  '  # c\n  a=1',
  '#a\\\nb=1',
  'a=1 # no comment',
  'a=1\na=2\n',
  'a=1\r\nb=2\rc=3\n',
  'a=1\\\n  2',
  'a=1\\\r\n  2\r\nb=3',
  'a=1\\\r  2\rb=3',
  'a=1\\\\\nb=2',
  'a=1\\\\\\\n  2',
  'a=\\\n\\\n  b',
  'a\\\n  b=c',
  'a=1\\\n# not a comment\nb=2',
  'a=1\\\n\nb=2',
  'a=1\\\n   \nb=2',
  'a=1\\',
  'a=1\\\n',
  'a=1\\\r\n',
  '\\',
  '\\\n',
  '\\\r\n',
  '\\\n   ',
  '\\\n# c\na=1',
  '\\\n\n# c\na=1',
  'a=\\t\\n\\r\\f\\q\\"',
  'a=\\u0041\\u4e2d\\u6587',
  'a=\\\\u0041',
  'a=\\u00',
  'a=\\u00g0',
  'a=\\U0041',
  'a=中文',
  'a=\u00e9',
  '\ufeffa=1',
  'a=\u00a0b',
  'a=\u0085b',
  'a=\u2028b',
  'a=\u000bb',
  'a=\\ b',
  'a=\\',
  'a\\',
  'db.url.0=jdbc:mysql://db1:3306/nacos?characterEncoding=utf8&connectTimeout=1000',
  'db.password.0=p\\=a#s!s \\\\ w',
  '\n\n\n   \n a=1 \n\n',
  '\\u0061=1\na=2',
]

const inputs = [...new Set([...byHand, ...Array.from({ length: 150 }, (_, seed) => randomText(seed))])]
const java = spawnSync('java', [fileURLToPath(new URL('PropertiesCorpus.java', import.meta.url))], {
  input: `${inputs.map((text) => Buffer.from(text).toString('base64')).join('\n')}\n`,
  encoding: 'utf8',
})
if (java.status !== 0) throw new Error(java.stderr)
const decode = (text: string): string => Buffer.from(text, 'base64').toString()
const answers = java.stdout.split('\n').slice(0, inputs.length)
const cases = inputs.map((text, i) => {
  const answer = answers[i] ?? ''
  if (answer === '!') return { text, java: null }
  const pairs = answer === '' ? [] : answer.split(',').map((pair) => pair.split(':').map(decode))
  return { text, java: pairs }
})
const file = new URL('properties-corpus.json', import.meta.url)
writeFileSync(file, `[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
console.log(`${cases.length} texts, ${cases.filter((one) => one.java === null).length} refused by Java`)
