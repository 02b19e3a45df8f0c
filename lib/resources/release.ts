import { posix } from 'node:path'
import { type Resource, resource, type Step, uploadAnew } from '../core/resource.ts'
import { Script, sh, userId } from '../core/script.ts'
import { kindOf } from '../core/secret.ts'
import { mistake } from '../core/told.ts'
import { enterAndHold, entered } from '../core/way.ts'
import { release as releaseReader, releaseTree } from '../readers.ts'
import { declared } from './declared.ts'
import { endFlushing, startFlushing } from './flushing.ts'
import { barredWay, hereOf, ownersOf, pathQuestion, readStat, wayQuestion } from './path.ts'

/** An archive on the controller whose digest was verified and whose entries were checked before any host is asked. */
export interface Archive {
  /** For people: the file's name. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** All that it holds, but for folders, by the paths below its first folder. */
  readonly files?: readonly string[]
}

interface ReleaseState {
  readonly [key: string]: string
  /** SHA-256 of the archive that was unpacked; empty when the folder does not say. */
  readonly archive: string
  /** `whole`, `damaged`, or of whom it is and with which mode where that is not as declared. */
  readonly tree: string
}

export interface ReleaseOptions {
  readonly archive: Archive
  readonly owner: string
  readonly group: string
  /** Whether every user may read it: a JDK. Default: only owner and group. */
  readonly others?: boolean
}

const required = ['archive', 'owner', 'group']

const isArchive = ({ path, bytes, sha256 }: Archive): boolean =>
  typeof path === 'string' && typeof bytes === 'number' && typeof sha256 === 'string'

/** Where archives wait on a host, each under the name of its digest. */
export const archiveFolder = '/var/cache/plinth'

/**
 * An archive unpacked into a folder of its own, without the archive's first folder. It becomes visible under its name
 * only when it is whole, and carries a marker with the digest of its tree, so that damage done later shows. For another
 * owner, or other readers, than it was unpacked for it is unpacked anew. A folder that no release left there is not deleted: without a
 * marker it makes room only where the archive has all that is in it.
 * The archive travels once per machine, goes on where an earlier run was cut, and gets its name when its digest is right.
 * Throws a usage error for what can't be declared so, see `declared`.
 */
export function release(path: string, options: ReleaseOptions): Resource {
  const { archive, owner, group, others = false } = declared('release', path, options, required, ['others'])
  if (!isArchive(archive)) {
    const found = (archive as unknown) instanceof Promise ? 'a promise' : kindOf(archive)
    throw mistake(release, `archive of release ${path} is ${found}`, 'give what await fleet.archive(…) comes to')
  }
  const question = { reader: releaseReader, key: path }
  const arrived = `${archiveFolder}/${archive.sha256}`
  const wanted = `${owner}:${group} ${others ? '0755' : '0750'}`
  return resource<ReleaseState>({
    id: `release:${path}`,
    needs: ownersOf({ owner, group }),
    probe: [question, pathQuestion(path), wayQuestion(path), pathQuestion(arrived)],
    read(answers) {
      const answer = answers(question)
      if (answer === '') return null
      const marker = /^marker .*\bsha256 ([0-9a-f]{64})\b/m.exec(answer)?.[1] ?? ''
      const expected = /^marker .*\btree ([0-9a-f]{64})\b/m.exec(answer)?.[1]
      const tree = /^tree ([0-9a-f]{64})$/m.exec(answer)?.[1]
      if (tree === undefined || tree !== expected) return { archive: marker, tree: 'damaged' }
      // Of a link to it nothing is known: what is behind it was moved there by somebody, and stays.
      const there = readStat(answers, path)
      const folder = there?.type === 'directory' ? there : null
      // But for the bit that hands down its group, which it may have from the folder above.
      const found = folder && `${folder.owner}:${folder.group} 0${folder.mode.slice(-3)}`
      return { archive: marker, tree: found === null || found === wanted ? 'whole' : found }
    },
    // Without owner and mode: its digest is known to what runs, and would be another one.
    desired: { archive: archive.sha256, tree: 'whole' },
    blocked(answers, actual) {
      // A link makes room by itself: what is behind it stays.
      if (actual === null || actual.archive !== '' || readStat(answers, path)?.type === 'link') return []
      const known = new Set(archive.files)
      const held = [...answers(question).matchAll(/^holds (.*)$/gm)].map(([, name = '']) => name)
      const strange = held.filter((name) => !known.has(name))
      if (strange.length === 0 && held.length > mostHeld) {
        const what = `a folder that Plinth has not unpacked is there, and holds more than ${mostHeld} files: too many to know whether all are of ${archive.name}`
        return [{ where: path, what, remedy: 'move it away, then run again' }]
      }
      const [first] = strange
      if (first === undefined) return []
      const more = strange.length > 1 ? ` and ${strange.length - 1} more` : ''
      const what = `a folder that Plinth has not unpacked is there, and holds ${first}${more}, which ${archive.name} has not`
      return [{ where: path, what, remedy: 'move it away, then run again' }]
    },
    barred: (answers, pending) => barredWay(path, answers, pending),
    steps({ answers }) {
      const kept = readStat(answers, arrived)?.bytes === archive.bytes
      const modes = others ? 'u=rwX,go=rX' : 'u=rwX,g=rX,o='
      // What has just arrived was verified then; what was kept may have been damaged since.
      const intact = kept ? verify(arrived, archive.sha256) : new Script(':')
      const run = unpack(path, arrived, archive.sha256, intact, `${owner}:${group}`, modes)
      return [
        ...(kept ? [] : [send(archive, arrived)]),
        {
          say: `unpack ${archive.name} into ${path}`,
          deadline: 600,
          run,
          meaning: `${archive.sha256} ${owner}:${group} ${modes}`,
        },
      ]
    },
  })
}

/** How many names of a folder without a marker the reader gives, but for one more. */
const mostHeld = 10_000

/** Days after which what is left of an archive that nobody goes on sending is swept away. */
const staleDays = 7

/**
 * What arrives is appended to a part file, so that a cut leaves it for the next run to go on with. Only a whole with the
 * right digest gets its name; where what was there before spoils it, that is thrown away, and all is sent anew. A disk
 * that is full is not left full.
 */
function send({ name, path, bytes, sha256 }: Archive, arrived: string): Step {
  const part = `${arrived}.part`
  return {
    say: `send ${name} (${Math.ceil(bytes / 1e6)} MB)`,
    deadline: 3600,
    upload: {
      path,
      bytes,
      sha256,
      // Before hundreds of megabytes travel that nothing there could unpack.
      have: sh`for c in tar gzip; do
  command -v $c >/dev/null || { echo "there is no $c to unpack it with: install it" >&2; exit 1; }
done
umask 077
mkdir -p -- ${archiveFolder}
find ${archiveFolder} -name '*.part' ! -name ${`${sha256}.part`} -mtime +${staleDays - 1} -exec rm -f -- {} +
n=$(stat -c %s -- ${part} 2>/dev/null) || n=0
if [ "$n" -gt ${bytes} ]; then rm -f -- ${part}; n=0; fi
echo "$n"`.text,
    },
    run: sh`umask 077
if [ -s ${part} ]; then resumed=yes; else resumed=; fi
# Of what a disk has failed to take no run must go on: it says so once, and what is read back may be what it has not got.
${startFlushing(sh`[ ! -e ${part} ] || sync ${part} || { rm -f -- ${part}; return 1; }`, '0.5')}
cat >>${part} || { rm -f -- ${part}; exit 1; }
sum=
if [ -e ${part} ]; then sum=$(sha256sum <${part} | cut -d' ' -f1); fi
${endFlushing}
if [ "$sum" != ${sha256} ]; then
  rm -f -- ${part}
  echo "the archive arrived with another SHA-256: $sum" >&2
  if [ "$resumed" ]; then exit ${uploadAnew}; else exit 1; fi
fi
mv -f -- ${part} ${arrived}
sync ${archiveFolder}`.text,
  }
}

const verify = (arrived: string, sha256: string): Script =>
  sh`if ! echo ${`${sha256}  ${arrived}`} | sha256sum -c >/dev/null 2>&1; then
  rm -f -- ${arrived}
  echo "the archive kept on this host is damaged and was removed; run again to send it anew" >&2
  exit 1
fi`

/** Flushes the file system that the shell is in; of a busybox that can't flush a single one, all. */
const whole = new Script(
  `e=$(sync -f . 2>&1) || case $e in *option*) sync ;; *) printf '%s\\n' "$e" >&2; return 1 ;; esac`,
)

function unpack(path: string, arrived: string, sha256: string, intact: Script, owner: string, modes: string): string {
  const folder = posix.dirname(path)
  const here = hereOf(path)
  return sh`umask 027
${intact}
${enterAndHold(folder)}
rm -rf -- ./.plinth.*
t=$(mktemp -d ./.plinth.XXXXXX)
trap 'cd -P ${entered}; rm -rf -- "$t"' EXIT
cd -P -- "$t"
# The folder above may be a service's own: what is in the place of ours by now, link or folder, is nothing to write into.
if [ "$(stat -c %d:%i -- "../$t") "${userId} != "$(stat -c '%d:%i %u' .)" ]; then
  echo ${`${folder} changed while the archive was to be unpacked there`} >&2
  exit 1
fi
${startFlushing(whole, '0.2')}
tar -xzf ${arrived} --strip-components=1 --no-same-owner || {
  df -Pk . | { read -r head; read -r dev size used free rest; echo "$free KiB are free at $rest" >&2; }
  exit 1
}
# Nobody else may enter it yet: the marker is written before the folder itself is given away.
find . ! -name . -prune -exec chmod -R ${modes} -- {} + -exec chown -R ${owner} -- {} +
tree=$(${releaseTree})
printf 'sha256 %s\ntree %s\n' ${sha256} "$tree" >.plinth
chmod ${modes} .
chown ${owner} .
${endFlushing}
cd -P ${entered}
if [ -e ${here} ] || [ -L ${here} ]; then mv -T -- ${here} "$t.old"; fi
mv -T -- "$t" ${here} || { mv -T -- "$t.old" ${here}; exit 1; }
sync .
rm -rf -- "$t.old"`.text
}
