import { posix } from 'node:path'
import { type Resource, resource, type Step } from '../core/resource.ts'
import { sh } from '../core/script.ts'
import { release as releaseReader, releaseTree, stat } from '../readers.ts'
import { ownersOf } from './path.ts'

/** An archive on the controller whose digest was verified and whose entries were checked before any host is asked. */
export interface Archive {
  /** For people: the file's name. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

interface ReleaseState {
  readonly [key: string]: string
  /** SHA-256 of the archive that was unpacked; empty when the folder does not say. */
  readonly archive: string
  readonly tree: 'whole' | 'damaged'
}

export interface ReleaseOptions {
  readonly archive: Archive
  readonly owner: string
  readonly group: string
  /** Whether every user may read it: a JDK. Default: only owner and group. */
  readonly others?: boolean
}

/** Where archives wait on a host, each under the name of its digest. */
export const archiveFolder = '/var/cache/plinth'

/**
 * An archive unpacked into a folder of its own, without the archive's first folder. It becomes visible under its name
 * only when it is whole, and carries a marker with the digest of its tree, so that damage done later shows.
 * The archive travels once per machine; on arrival its digest is checked before it gets its name.
 */
export function release(path: string, { archive, owner, group, others = false }: ReleaseOptions): Resource {
  const question = { reader: releaseReader, key: path }
  const arrived = `${archiveFolder}/${archive.sha256}`
  const arrival = { reader: stat, key: arrived }
  return resource<ReleaseState>({
    id: `release:${path}`,
    needs: ownersOf({ owner, group }),
    probe: [question, arrival],
    read(answers) {
      const answer = answers(question)
      if (answer === '') return null
      const marker = /^marker .*\bsha256 ([0-9a-f]{64})\b/m.exec(answer)?.[1] ?? ''
      const expected = /^marker .*\btree ([0-9a-f]{64})\b/m.exec(answer)?.[1]
      const tree = /^tree ([0-9a-f]{64})$/m.exec(answer)?.[1]
      return { archive: marker, tree: tree !== undefined && tree === expected ? 'whole' : 'damaged' }
    },
    desired: { archive: archive.sha256, tree: 'whole' },
    steps: ({ answers }) => [
      ...(answers(arrival).endsWith(`|${archive.bytes}`) ? [] : [send(archive, arrived)]),
      {
        say: `unpack ${archive.name} into ${path}`,
        deadline: 600,
        run: unpack(path, arrived, archive.sha256, `${owner}:${group}`, others ? 'u=rwX,go=rX' : 'u=rwX,g=rX,o='),
      },
    ],
  })
}

const send = (archive: Archive, arrived: string): Step => ({
  say: `send ${archive.name} (${Math.ceil(archive.bytes / 1e6)} MB)`,
  deadline: 3600,
  upload: { path: archive.path, bytes: archive.bytes, sha256: archive.sha256 },
  run: sh`umask 077
mkdir -p -- ${archiveFolder}
rm -f -- ${`${arrived}.part`}
cat >${`${arrived}.part`}
sum=$(sha256sum <${`${arrived}.part`} | cut -d' ' -f1)
if [ "$sum" != ${archive.sha256} ]; then
  rm -f -- ${`${arrived}.part`}
  echo "the archive arrived with another SHA-256: $sum" >&2
  exit 1
fi
sync ${`${arrived}.part`}
mv -f -- ${`${arrived}.part`} ${arrived}`.text,
})

const unpack = (path: string, arrived: string, sha256: string, owner: string, modes: string): string =>
  sh`umask 027
if ! echo ${`${sha256}  ${arrived}`} | sha256sum -c >/dev/null 2>&1; then
  rm -f -- ${arrived}
  echo "the archive kept on this host is damaged and was removed; run again to send it anew" >&2
  exit 1
fi
rm -rf -- ${posix.dirname(path)}/.plinth.*
t=$(mktemp -d ${`${posix.dirname(path)}/.plinth.XXXXXX`})
trap 'rm -rf -- "$t"' EXIT
tar -xzf ${arrived} -C "$t" --strip-components=1 --no-same-owner
chmod -R ${modes} "$t"
chown -R ${owner} "$t"
tree=$(cd "$t" && ${releaseTree})
printf 'sha256 %s\ntree %s\n' ${sha256} "$tree" >"$t/.plinth"
sync -f "$t"
if [ -e ${path} ] || [ -L ${path} ]; then mv -T -- ${path} "$t.old"; fi
mv -T -- "$t" ${path} || { mv -T -- "$t.old" ${path}; exit 1; }
sync ${posix.dirname(path)}
rm -rf -- "$t.old"`.text
