/** The site in `part-site.ts` on db1 and nacos1: its hosts, made ready, and its inventory. */
import { inventory, prepareLab, testLab } from './playbook.ts'

export const partHosts = ['db1', 'nacos1'] as const

/** Boots the hosts and gives the inventory's path. */
export async function preparePart(): Promise<string> {
  await prepareLab(partHosts, [])
  const host = `    part:\n      hosts:\n        nacos1: { ansible_host: ${testLab.addressOf('nacos1')} }\n`
  return inventory('lab', (text) => text.replace(/ {4}nacos:\n[\s\S]*/, host))
}
