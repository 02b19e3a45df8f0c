/** Words of their own by which resources are found. */
import type { Resource } from './resource.ts'
import { checkResources, isText, mistake, shown } from './told.ts'

/** The same resources, found by --tags under this word too. Throws a usage error for what is no word, or no list of resources. */
export function tagged(tag: string, resources: readonly Resource[]): readonly Resource[] {
  if (!isText(tag)) throw mistake(tagged, `the tag is ${shown(tag)}`, 'give a text')
  checkResources(tagged, 'the list tagged', tag, resources)
  return resources.map((one) => ({ ...one, tags: [...(one.tags ?? []), tag] }))
}
