/** What the contenders find installed on every host: Python for those that need it, and the package of the end state. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ensureImage, mirror } from '../test/lab/image.ts'
import { $, type Say, since } from '../test/lab/shell.ts'

const packages = ['python3', 'python3-apt', 'openjdk-17-jre-headless']
const script = join(import.meta.dirname, 'layer.sh')

/**
 * The folder of a layer over the lab's image with these packages, for `Lab.up`; made when it is not there yet (a minute).
 * @param folder where layers are kept; older ones are removed when a new one is made
 */
export async function ensureLayer(folder: string, say: Say): Promise<string> {
  const image = await ensureImage(say)
  const definition = JSON.stringify([image.id, packages, readFileSync(script, 'utf8')])
  const layer = join(folder, createHash('sha256').update(definition).digest('hex').slice(0, 16))
  if (existsSync(layer)) return layer
  const start = Date.now()
  say(`installing ${packages.join(', ')} into a layer over the image (once, about a minute)`)
  mkdirSync(folder, { recursive: true })
  await $({ cwd: folder })`rm -rf --one-file-system ${readdirSync(folder)}`
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(folder, name)) as [string, string, string]
  for (const path of [upper, work, root]) mkdirSync(path)
  const options = `lowerdir=${image.bare},upperdir=${upper},workdir=${work}`
  await $`unshare -m sh ${script} ${options} ${root} ${await mirror()} ${packages}`
  renameSync(upper, layer)
  say(`layer made in ${since(start)}`)
  return layer
}
