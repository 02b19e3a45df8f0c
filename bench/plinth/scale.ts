/** The site of the scale run: the same converged folder on every endpoint. */
import { main, params, play } from 'plinth'
import { treeResources } from './tree.ts'

const { BENCH_TREE: tree } = process.env
if (tree === undefined) throw new Error('BENCH_TREE is not set: this playbook is started by bench/plinth/run.sh')

await main((fleet) => [play('look', fleet.group('nacos', params({})), () => treeResources(tree))])
