/** A Nacos distribution and its configuration on a host: releases side by side, the data beside them. */
import type { Distribution } from '../lib/core/distribution.ts'
import type { Resource } from '../lib/core/resource.ts'
import { role } from '../lib/core/role.ts'
import { applicationProperties, isSecretProperty, type SettingsInput } from '../lib/nacos/settings.ts'
import { freeSpace, release as releaseReader } from '../lib/readers.ts'
import { group, user } from '../lib/resources/account.ts'
import { directory } from '../lib/resources/directory.ts'
import { file } from '../lib/resources/file.ts'
import { properties } from '../lib/resources/properties.ts'
import { archiveFolder, release } from '../lib/resources/release.ts'
import { requirement } from '../lib/resources/requirement.ts'
import { symlink } from '../lib/resources/symlink.ts'
import { nacosParams } from './nacos-node.ts'

export interface Installation {
  readonly distribution: Distribution
  readonly settings: SettingsInput
}

const folders = ['conf', 'data', 'logs', 'plugins', 'plugins/health', 'plugins/cmdb', 'tmp', 'releases'] as const

export const nacosInstall = role<typeof nacosParams, Installation>({
  params: nacosParams,
  resources({ home, user: name, version, distribution, settings }) {
    const owned = { owner: name, group: name }
    const text = (path: string): string => distribution.texts[path] ?? ''
    return [
      space(home, `${home}/releases/${version.text}`, distribution),
      group(name),
      user(name, { home: '/nonexistent', group: name }),
      directory(home, { ...owned, mode: '0750' }),
      ...folders.map((folder) => directory(`${home}/${folder}`, { ...owned, mode: '0750' })),
      directory(archiveFolder, { mode: '0700' }),
      release(`${home}/releases/${version.text}`, { archive: distribution, ...owned }),
      symlink(`${home}/current`, `releases/${version.text}`),
      file(`${home}/conf/nacos-logback.xml`, { content: text('conf/nacos-logback.xml'), ...owned, mode: '0640' }),
      properties(`${home}/conf/application.properties`, {
        wanted: applicationProperties(settings),
        template: text('conf/application.properties'),
        secret: isSecretProperty,
        ...owned,
        mode: '0600',
      }),
    ]
  },
})

/** The archive, its content and a day of logs need room; once it is unpacked only the logs do, and that is a warning. */
function space(home: string, path: string, { bytes, sha256 }: Distribution): Resource {
  const free = { reader: freeSpace, key: home }
  const unpacked = { reader: releaseReader, key: path }
  const where = `disk:${home}`
  const remedy = 'free some space, or choose another nacos.home'
  const logs = 512
  return requirement(where, {
    probe: [free, unpacked],
    check(answers) {
      const needed = Math.ceil((bytes * 3) / 1024 / 1024) + logs
      const has = megabytesOf(answers(free))
      return has >= needed || answers(unpacked).includes(sha256)
        ? []
        : [{ where, what: `${has} MB are free, ${needed} MB are needed`, remedy }]
    },
    warn(answers) {
      const has = megabytesOf(answers(free))
      return has < logs ? [{ where, what: `only ${has} MB are free`, remedy }] : []
    },
  })
}

const megabytesOf = (kibibytes: string): number => Math.floor(Number(kibibytes) / 1024)
