/** A Nacos distribution and its configuration on a host: releases side by side, the data beside them. */
import type { Distribution } from '../lib/core/distribution.ts'
import type { Resource } from '../lib/core/resource.ts'
import { role } from '../lib/core/role.ts'
import { q } from '../lib/core/script.ts'
import { isSecret } from '../lib/core/secret-name.ts'
import { applicationProperties, type SettingsInput } from '../lib/nacos/settings.ts'
import { compareVersions, isVersion, parseVersion, type Version } from '../lib/nacos/version.ts'
import { freeSpace, link, release as releaseReader } from '../lib/readers.ts'
import { group, user } from '../lib/resources/account.ts'
import { directory } from '../lib/resources/directory.ts'
import { file } from '../lib/resources/file.ts'
import { pathQuestion, readStat } from '../lib/resources/path.ts'
import { properties } from '../lib/resources/properties.ts'
import { archiveFolder, release } from '../lib/resources/release.ts'
import { requirement } from '../lib/resources/requirement.ts'
import { symlink } from '../lib/resources/symlink.ts'
import { nacosParams } from './nacos-node.ts'

export interface Installation {
  readonly distribution: Distribution
  readonly settings: SettingsInput
}

export const folders = ['conf', 'data', 'logs', 'plugins', 'plugins/health', 'plugins/cmdb', 'tmp', 'releases'] as const

export const nacosInstall = role<typeof nacosParams, Installation>({
  params: nacosParams,
  resources({ home, user: name, version, allow, distribution, settings }) {
    const owned = { owner: name, group: name }
    const text = (path: string): string => distribution.texts[path] ?? ''
    return [
      place({ home, name, version, allow }, distribution),
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
        secret: isSecret,
        ...owned,
        mode: '0600',
      }),
    ]
  },
})

interface Place {
  readonly home: string
  /** Of the service's user. */
  readonly name: string
  readonly version: Version
  readonly allow: readonly string[]
}

/**
 * Whether the home can take this release. The archive, its content and a day of logs need room; once it is unpacked only
 * the logs do, and that is a warning. What others have there stays theirs, and no stale inventory takes a node back.
 */
function place({ home, name, version, allow }: Place, { bytes, sha256 }: Distribution): Resource {
  const free = { reader: freeSpace, key: home }
  const unpacked = { reader: releaseReader, key: `${home}/releases/${version.text}` }
  const current = { reader: link, key: `${home}/current` }
  // What every Nacos has there and nobody else: a conf folder many have.
  const own = `${home}/conf/nacos-logback.xml`
  const where = `disk:${home}`
  const remedy = 'free some space, or choose another nacos.home'
  const logs = 512
  return requirement(where, {
    probe: [free, unpacked, pathQuestion(home), pathQuestion(own), current],
    check(answers) {
      const needed = Math.ceil((bytes * 3) / 1024 / 1024) + logs
      const has = megabytesOf(answers(free))
      const owner = readStat(answers, home)?.owner ?? 'root'
      const newer = newerRelease(answers(current), version)
      return [
        ...(has >= needed || answers(unpacked).includes(sha256)
          ? []
          : [{ where, what: `${has} MB are free, ${needed} MB are needed`, remedy }]),
        ...(['root', name].includes(owner) || readStat(answers, own) || answers(current).startsWith('releases/')
          ? []
          : [
              {
                where: home,
                what: `it is there, belongs to ${owner} and holds no Nacos`,
                remedy: `choose another nacos.home, which is given to the user of the service, or chown root ${q(home)} where it was made for it`,
              },
            ]),
        ...(newer === undefined || allow.includes(version.text)
          ? []
          : [
              {
                where: home,
                what: `${newer} is there, and the older ${version.text} is declared`,
                remedy: `see whether this is the right inventory; to go back all the same, take a backup and add nacos.allow: [${version.text}]`,
              },
            ]),
      ]
    },
    warn(answers) {
      const has = megabytesOf(answers(free))
      return has < logs ? [{ where, what: `only ${has} MB are free`, remedy }] : []
    },
  })
}

/** The release that is linked, where it is newer than this one. */
function newerRelease(target: string, version: Version): string | undefined {
  const [, text] = /^releases\/(\d[\w.-]*)$/.exec(target) ?? []
  return text !== undefined && isVersion(text) && compareVersions(parseVersion(text), version) > 0 ? text : undefined
}

const megabytesOf = (kibibytes: string): number => Math.floor(Number(kibibytes) / 1024)
