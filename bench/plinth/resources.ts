/** What the end state asks for and no kind of lib/resources covers: written as a user of Plinth would. */
import {
  type Archive,
  ownersOf,
  pathQuestion,
  type Reader,
  type Resource,
  readers,
  readPath,
  readStat,
  resource,
  Script,
  type Step,
  sh,
  sha256,
  uploadAnew,
} from 'plinth'

const { hash, link, unit } = readers

/** Values of the running kernel, by their path under /proc/sys. Not by `read`: these files give no byte but the first to who takes one at a time. */
const kernelValues: Reader = (names) =>
  sh`IFS='
'
set -f
for l in $(grep -H . ${names.map((name) => `/proc/sys/${name}`)} 2>/dev/null); do
  l=${new Script('${l#/proc/sys/}')}
  printf '%s\t%s\n' "${new Script('${l%%:*}')}" "${new Script('${l#*:}')}"
done
unset IFS
set +f`.text

/** The settings of a file in /etc/sysctl.d, loaded into the kernel. */
export function loadedSettings(path: string, content: string): Resource {
  const desired = Object.fromEntries(
    content.split('\n').flatMap((line) => {
      const [name, value] = line.split(' = ')
      return name !== undefined && value !== undefined ? [[name.replaceAll('.', '/'), value]] : []
    }),
  )
  const probe = Object.keys(desired).map((key) => ({ reader: kernelValues, key }))
  return resource({
    id: `sysctl:${path}`,
    probe,
    read: (answers) => Object.fromEntries(probe.map((question) => [question.key, answers(question)])),
    desired,
    steps: () => [{ say: `load ${path}`, run: sh`sysctl -q -p ${path}`.text }],
  })
}

/** A symbolic link that is itself somebody's. */
export function ownedLink(path: string, target: string, owner: string): Resource {
  return resource({
    id: `symlink:${path}`,
    needs: ownersOf({ owner, group: owner }),
    probe: [pathQuestion(path), { reader: link, key: path }],
    read(answers) {
      const state = readPath(answers, path)
      if (state === null) return null
      return { type: state.type, owner: state.owner, group: state.group, target: answers({ reader: link, key: path }) }
    },
    desired: { type: 'link', owner, group: owner, target },
    steps: () => [
      {
        say: `link ${path} to ${target}`,
        run: sh`rm -f -- ${`${path}.plinth`}
ln -s -- ${target} ${`${path}.plinth`}
chown -h ${`${owner}:${owner}`} -- ${`${path}.plinth`}
mv -fT -- ${`${path}.plinth`} ${path}`.text,
      },
    ],
  })
}

/**
 * An archive kept in a cache under its own name and unpacked into a folder, with a marker that holds its digest: as long as the marker
 * is right, neither is looked at again.
 */
export function unpacked(folder: string, cached: string, archive: Archive, owner: string): Resource {
  const marker = { reader: hash, key: `${folder}/.unpacked` }
  return resource({
    id: `archive:${folder}`,
    needs: ownersOf({ owner, group: owner }),
    probe: [marker, pathQuestion(cached)],
    read: (answers) => (answers(marker) === '' ? null : { marker: answers(marker) }),
    desired: { marker: sha256(`${archive.sha256}\n`) },
    steps: ({ answers }) => {
      const arrived = readStat(answers, cached)
      const there = arrived?.type === 'file' && arrived.bytes === archive.bytes
      const verify = sh`echo ${`${archive.sha256}  ${cached}`} | sha256sum -c --quiet`.text
      return [
        there ? { say: `verify ${cached}`, run: verify } : send(cached, archive),
        unpack(folder, cached, archive, owner),
      ]
    },
  })
}

/** As release() of lib/resources does it: goes on where an earlier run was cut, and gets its name when its digest is right. */
function send(cached: string, { name, path, bytes, sha256 }: Archive): Step {
  const part = `${cached}.part`
  return {
    say: `send ${name} (${Math.ceil(bytes / 1e6)} MB)`,
    deadline: 3600,
    upload: {
      path,
      bytes,
      sha256,
      have: sh`n=$(stat -c %s -- ${part} 2>/dev/null) || n=0
if [ "$n" -gt ${bytes} ]; then rm -f -- ${part}; n=0; fi
echo "$n"`.text,
    },
    run: sh`umask 027
if [ -s ${part} ]; then resumed=yes; else resumed=; fi
${flushedMeanwhile(sh`{ [ ! -e ${part} ] || sync ${part}; }`, '0.5')}
cat >>${part} || { rm -f -- ${part}; exit 1; }
sum=$(sha256sum <${part} | cut -d' ' -f1)
${flushed(sh`sync ${part}`)}
if [ "$sum" != ${sha256} ]; then
  rm -f -- ${part}
  echo "the archive arrived with another SHA-256: $sum" >&2
  if [ "$resumed" ]; then exit ${uploadAnew}; else exit 1; fi
fi
mv -f -- ${part} ${cached}`.text,
  }
}

/** As lib/resources/flushing.ts does it: what follows goes to the disk while it is written, and not only in the end. */
const flushedMeanwhile = (flush: Script, seconds: string): Script =>
  sh`read -r pid rest </proc/self/stat
( stop= failed=
trap 'stop=yes' TERM
while [ ! "$stop" ]; do
  sleep ${new Script(seconds)} & wait $! || :
  if [ "$stop" ] || [ ! -e "/proc/$pid" ]; then break; fi
  [ "$failed" ] || ${flush} || failed=yes
done
[ ! "$failed" ] ) </dev/null >/dev/null & flushing=$!`

const flushed = (flush: Script): Script =>
  sh`kill $flushing 2>/dev/null || :
wait $flushing 2>/dev/null || [ $? -gt 128 ]
${flush}`

const unpack = (folder: string, cached: string, { name, sha256 }: Archive, owner: string): Step => ({
  say: `unpack ${name} into ${folder}`,
  deadline: 600,
  run: sh`umask 027
chmod 0640 ${cached}
${flushedMeanwhile(sh`sync -f ${folder}`, '0.2')}
tar -xzf ${cached} -C ${folder} --strip-components=1
chown -R ${`${owner}:${owner}`} ${folder}
echo ${sha256} >${`${folder}/.plinth.unpacked`}
chown ${`${owner}:${owner}`} ${`${folder}/.plinth.unpacked`}
${flushed(sh`sync -f ${folder}`)}
mv -f ${`${folder}/.plinth.unpacked`} ${`${folder}/.unpacked`}`.text,
})

/** A service that is enabled, runs, and has been started since `inputs` were last changed; its unit file is one of them. */
export function service(name: string, unitFile: string, inputs: readonly Resource[]): Resource {
  const question = { reader: unit, key: `${name}.service` }
  const stale = `/etc/plinth/${name}.stale`
  return resource({
    id: `unit:${name}`,
    probe: [question],
    inputs,
    read(answers) {
      const answer = answers(question)
      const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(answer)?.[1] ?? ''
      if (value('LoadState') === 'not-found') return null
      const [enabled, active, reload] = [value('UnitFileState'), value('ActiveState'), value('NeedDaemonReload')]
      return { enabled, active, reload, stale: value('Stale') }
    },
    desired: { enabled: 'enabled', active: 'active', reload: 'no', stale: '' },
    react: (pending, actual) =>
      actual?.active === 'active' && inputs.some(({ id }) => pending.has(id))
        ? [{ key: 'restart', from: null, to: 'because of its inputs' }]
        : [],
    steps({ changed, due }) {
      const restarts = ['active', 'restart', 'stale'].some((key) => changed.has(key))
      const reload = changed.has('reload') || due.has(unitFile)
      const run = [
        ...(changed.has('enabled')
          ? [sh`systemctl enable ${reload ? ['-q', '--no-reload'] : '-q'} -- ${name}`.text]
          : []),
        ...(reload ? ['systemctl daemon-reload'] : []),
        ...(restarts ? [sh`systemctl restart -- ${name}`.text, sh`rm -f -- ${stale}`.text] : []),
      ]
      return [{ say: `bring ${name}.service up`, deadline: 180, run: run.join('\n') }]
    },
  })
}
