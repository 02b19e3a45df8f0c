/** The site of the scale run: the same converged folder on every endpoint. */
import { params } from '../../lib/core/schema.ts'
import { play } from '../../lib/engine/play.ts'
import { main } from '../../lib/main.ts'
import { treeResources } from './tree.ts'

const { BENCH_TREE: tree } = process.env
if (tree === undefined) throw new Error('BENCH_TREE is not set: this playbook is started by bench/plinth/run.sh')

await main((fleet) => [play('look', fleet.group('nacos', params({})), () => treeResources(tree))])
