import {
  lackingColumns,
  type Manifest,
  type Present,
  readManifest,
  type SavedTable,
  tableState,
} from '../../lib/nacos/manifest.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/manifest')
const digest = 'ab'.repeat(32)
const saved: SavedTable = {
  name: 'config_info',
  rows: 2,
  digest,
  columns: [
    { name: 'id', binary: false },
    { name: 'content', binary: false },
  ],
  definition: 'tables/config_info.sql',
  parts: ['tables/config_info.00001.jsonl'],
}
const manifest: Manifest = {
  format: 1,
  plinth: '0.1.0',
  made: '2026-11-25T22:43:09.000Z',
  database: 'nacos',
  mysql: '8.4.0',
  nodes: [{ name: 'n1', member: '10.0.0.1:8848', version: '2.2.4', files: null }],
  tables: [saved],
  instances: null,
}

test('a manifest comes back as it was written', () => {
  assert.equal(readManifest(JSON.stringify(manifest), 'b'), manifest)
})

test('another format, a missing part and no JSON at all are refused by name', () => {
  const { tables: _, ...less } = manifest
  for (const text of [
    '',
    'null',
    JSON.stringify({ ...manifest, format: 2 }),
    JSON.stringify(less),
    JSON.stringify({ ...manifest, more: 1 }),
  ]) {
    assert.throws(() => readManifest(text, 'backups/x'), /backups\/x: its manifest\.json is not one of format 1/)
  }
})

const present = (more: Partial<Present>): Present => ({
  rows: 2,
  digest,
  columns: ['id', 'content'],
  untouched: false,
  ...more,
})

test('a table is equal, missing, empty, or holds something else', () => {
  assert.is(tableState(saved, null), 'missing')
  assert.is(tableState(saved, present({})), 'equal')
  assert.is(tableState(saved, present({ digest: 'cd'.repeat(32) })), 'other')
  assert.is(tableState(saved, present({ rows: 3, digest: null })), 'other')
  assert.is(tableState(saved, present({ rows: 0, digest: null, untouched: true })), 'empty')
  assert.is(
    tableState(saved, present({ rows: 1, digest: null, untouched: true })),
    'empty',
    'what the site itself wrote',
  )
})

test('columns that the present table lacks are named, further ones are no matter', () => {
  assert.equal(lackingColumns(saved, present({ columns: ['id', 'content', 'encrypted_data_key'] })), [])
  assert.equal(lackingColumns(saved, present({ columns: ['id'] })), ['content'])
})

test.run()
